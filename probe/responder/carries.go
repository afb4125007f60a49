package responder

import (
	"context"
	"net/netip"
	"runtime"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

const (
	// tries and tryFor: what a host can do is the best of some short tries, since
	// others take their part of each.
	tries  = 5
	tryFor = 4 * time.Millisecond
	// tryWait is how long a try waits for its own datagrams.
	tryWait = 100 * time.Millisecond
	// half of the host's time is left for all else: the traces, the control
	// connections, and whatever else runs there.
	half = 2
)

// carries measures how many packets a second, both ways, this host can send and
// take on all its cores in half of its time, from itself to itself; 0: it cannot
// be told. It takes some 20 ms.
func carries(ctx context.Context) int {
	all, err := stamp.ListenMany(ctx, "127.0.0.1:0", 1)
	if err != nil {
		return 0
	}
	defer all[0].Close()
	t, err := newTrial(all[0])
	if err != nil {
		return 0
	}
	best := 0.0
	for range tries {
		begun, n := stamp.Now(), 0
		for stamp.Now()-begun < tryFor {
			if !t.round() {
				return 0
			}
			n += sendAtOnce
		}
		best = max(best, float64(n)/(stamp.Now()-begun).Seconds())
	}
	return int(2 * best / half * float64(min(runtime.GOMAXPROCS(0), mostSockets)))
}

// A trial does with packets to itself what a responder does with those of a call.
type trial struct {
	to      netip.AddrPort
	sealers [sendAtOnce]*wire.Sealer
	opener  *wire.Opener
	conn    *stamp.Shared
	writer  *stamp.Writer
	index   int64
}

func newTrial(conn *stamp.Shared) (*trial, error) {
	f := wire.Flow{Key: random(32), SSRC: 1, Payload: 160, Step: 160}
	t := &trial{to: conn.LocalAddr(), conn: conn, writer: conn.Writer(sendAtOnce)}
	for i := range t.sealers {
		var err error
		if t.sealers[i], err = wire.NewSealer(f); err != nil {
			return nil, err
		}
	}
	var err error
	t.opener, err = wire.NewOpener(f)
	return t, err
}

// round sends some packets and takes them, and says whether all came.
func (t *trial) round() bool {
	for _, s := range t.sealers {
		t.writer.Put(s.Seal(t.index, stamp.Now()), t.to, 0)
		t.index++
	}
	t.writer.Flush()
	end := stamp.Now() + tryWait
	for left := sendAtOnce; left > 0; {
		got, err := t.conn.Read(0) // what was sent to itself is there already
		if err != nil || len(got) == 0 && stamp.Now() >= end {
			return false
		}
		for _, d := range got {
			if _, _, err := t.opener.Open(d.Bytes); err == nil {
				left--
			}
		}
	}
	return true
}
