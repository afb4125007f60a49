//go:build capacity && linux

package capacity

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"netready/probe/internal/stamp"
)

const (
	ptime = 20 * time.Millisecond
	size  = 172 // bytes of a packet of the call: G.711, 20 ms
	// sockets carry all calls, calls side by side the same one, so that one call
	// of the system sends the packets of many (UDP_SEGMENT, udp(7)).
	sockets = 48
	atOnce  = 16
	// settling is left out of the jitter, and lasting is measured.
	settling = 1500 * time.Millisecond
	lasting  = 5 * time.Second
	draining = 700 * time.Millisecond
	// nap is how long the generator waits where nothing is due.
	nap = 200 * time.Microsecond
)

// A subject is what is loaded: it says what a call sends and takes what comes.
type subject interface {
	// packet writes packet i of a call, sent at a moment.
	packet(call int, i int64, at time.Duration, b []byte)
	// take counts what came at a socket.
	take(socket int, b []byte, at time.Duration, settled bool)
	// beside sends what a call has to send beside its packets.
	beside(call int, now time.Duration)
}

// A generator sends the packets of many calls, evenly spread, and reads what
// comes back.
type generator struct {
	calls   int
	sockets []*socket
	batch   *batch
	buffer  []byte
	late    []float64
	start   time.Duration
	subject subject
	sentAll int64
}

func newGenerator(b *testing.B, calls int, to netip.AddrPort) *generator {
	b.Helper()
	g := &generator{calls: calls, buffer: make([]byte, atOnce*size), batch: newBatch(64)}
	for range sockets {
		s, err := dial(to)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(s.close)
		g.sockets = append(g.sockets, s)
	}
	return g
}

// socketOf is the socket of a call: neighbours share one.
func socketOf(call int) int { return call / atOnce % sockets }

// run sends until the time is over and then waits for what is under way.
func (g *generator) run(s subject, measured func()) {
	g.subject = s
	g.start = stamp.Now() + 10*time.Millisecond
	end := g.start + settling + lasting
	next, told := int64(0), false
	for now := stamp.Now(); now < end; now = stamp.Now() {
		if !told && now > g.start+settling {
			told = true
			measured()
		}
		next = g.send(next, now)
		if g.read() == 0 && g.due(next) > stamp.Now()+nap {
			rest := unix.NsecToTimespec(int64(nap))
			_ = unix.Nanosleep(&rest, nil)
		}
	}
	g.sentAll = next
	for end += draining; stamp.Now() < end; time.Sleep(time.Millisecond) {
		g.read()
	}
}

// due is when the n-th packet of all calls together is due.
func (g *generator) due(n int64) time.Duration {
	return g.start + time.Duration(n/int64(g.calls))*ptime + time.Duration(n%int64(g.calls))*ptime/time.Duration(g.calls)
}

// send sends what is due and returns what comes next. Reading has its turn
// after some, however much is due.
func (g *generator) send(next int64, now time.Duration) int64 {
	for range 16 {
		call := int(next % int64(g.calls))
		socket, n := socketOf(call), 0
		for n < atOnce && call+n < g.calls && socketOf(call+n) == socket && g.due(next+int64(n)) <= now {
			n++
		}
		if n == 0 {
			break
		}
		at := stamp.Now()
		for i := range n {
			g.subject.packet(call+i, next/int64(g.calls), at, g.buffer[i*size:(i+1)*size])
			g.late = append(g.late, float64(at-g.due(next+int64(i)))/1e6)
		}
		g.sockets[socket].write(g.buffer[:n*size])
		for i := range n {
			g.subject.beside(call+i, at)
		}
		next += int64(n)
	}
	return next
}

// read takes what waits at the sockets, and returns how much that was.
func (g *generator) read() (all int) {
	wall, mono := time.Now().UnixNano(), stamp.Now()
	for i, c := range g.sockets {
		for {
			n := g.batch.read(c)
			for m := range n {
				b, arrived := g.batch.datagram(m)
				at := time.Duration(arrived - wall + int64(mono))
				g.subject.take(i, b, at, at > g.start+settling)
			}
			all += n
			if n < len(g.batch.messages) {
				break
			}
		}
	}
	return all
}
