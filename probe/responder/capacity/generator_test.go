//go:build capacity && linux

package capacity

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
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
	conns   []*net.UDPConn
	raw     []*ipv4.PacketConn
	batch   []ipv4.Message
	buffer  []byte
	oob     []byte
	late    []float64
	start   time.Duration
	subject subject
	sentAll int64
}

func newGenerator(b *testing.B, calls int, to netip.AddrPort) *generator {
	b.Helper()
	g := &generator{calls: calls, buffer: make([]byte, atOnce*size)}
	for range sockets {
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = c.Close() })
		_ = c.SetReadBuffer(4 << 20)
		raw, _ := c.SyscallConn()
		_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) })
		g.conns, g.raw = append(g.conns, c), append(g.raw, ipv4.NewPacketConn(c))
	}
	for range 64 {
		g.batch = append(g.batch, ipv4.Message{Buffers: [][]byte{make([]byte, stamp.MaxDatagram)}, OOB: make([]byte, 64)})
	}
	g.oob = make([]byte, unix.CmsgSpace(2))
	segment(g.oob)
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
		g.write(socket, g.buffer[:n*size])
		for i := range n {
			g.subject.beside(call+i, at)
		}
		next += int64(n)
	}
	return next
}

func (g *generator) write(socket int, b []byte) {
	if len(b) == size {
		_, _ = g.conns[socket].Write(b)
		return
	}
	_, _, _ = g.conns[socket].WriteMsgUDP(b, g.oob, nil)
}

// read takes what waits at the sockets, and returns how much that was.
func (g *generator) read() (all int) {
	wall, mono := time.Now().UnixNano(), stamp.Now()
	for i, c := range g.raw {
		for {
			n, err := c.ReadBatch(g.batch, unix.MSG_DONTWAIT)
			if err != nil {
				break
			}
			for _, m := range g.batch[:n] {
				at := time.Duration(kernelStamp(m.OOB[:m.NN]) - wall + int64(mono))
				g.subject.take(i, m.Buffers[0][:m.N], at, at > g.start+settling)
			}
			all += n
			if n < len(g.batch) {
				break
			}
		}
	}
	return all
}
