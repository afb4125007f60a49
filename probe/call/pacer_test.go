package call

import (
	"context"
	"sync"
	"testing"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

// Many calls of one agent have every packet sent, once, in order and never
// early, whenever each of them begins; and the end of the run ends them all.
func TestOnePacerSendsForManyCalls(t *testing.T) {
	far, err := stamp.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	r := wire.Request{Ptime: 5 * time.Millisecond, Payload: 40, Rate: 8000, Duration: 200 * time.Millisecond}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p := newPacer(nil)
	var wg sync.WaitGroup
	wg.Go(func() { p.run(ctx) })
	var legs []*leg
	for i := range 30 {
		conn, err := stamp.Dial(t.Context(), far.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		l, err := newLeg(r, wire.CallGrant{Key: make([]byte, 32), UpSSRC: uint32(i)}, conn)
		if err != nil {
			t.Fatal(err)
		}
		l.begun, l.packets = stamp.Now(), int(r.Duration/r.Ptime)
		if i == 29 { // goes on when the run ends
			l.packets = 1 << 20
		}
		close(l.proved)
		legs = append(legs, l)
		wg.Go(func() { l.stream(ctx, p) })
		time.Sleep(time.Millisecond)
	}
	for _, l := range legs[:29] {
		<-l.sent
	}
	stop()
	wg.Wait()
	for i, l := range legs[:29] {
		if len(l.sentAt) != l.packets {
			t.Errorf("call %d: %d packets, want %d", i, len(l.sentAt), l.packets)
		}
		for n, late := range l.lateness {
			if late < 0 {
				t.Errorf("call %d: packet %d left %v early", i, n, -late)
			}
		}
	}
	seen := map[uint32]int64{}
	b := make([]byte, stamp.MaxDatagram)
	_ = far.SetReadDeadline(time.Now().Add(5 * time.Second))
	for left := 29 * 40; left > 0; {
		a, err := far.Read(b)
		if err != nil {
			t.Fatalf("%d packets did not come: %v", left, err)
		}
		opener, ssrc := ssrcOf(t, r, b[:a.N])
		index, _, err := opener.Open(b[:a.N])
		if err != nil || index != seen[ssrc] {
			t.Fatalf("packet %d of call %d (%v), want %d", index, ssrc, err, seen[ssrc])
		}
		seen[ssrc]++
		if ssrc != 29 {
			left--
		}
	}
}

func ssrcOf(t *testing.T, r wire.Request, b []byte) (*wire.Opener, uint32) {
	t.Helper()
	ssrc := uint32(b[11])
	opener, err := wire.NewOpener(wire.UpFlow(r, wire.CallGrant{Key: make([]byte, 32), UpSSRC: ssrc}))
	if err != nil {
		t.Fatal(err)
	}
	return opener, ssrc
}
