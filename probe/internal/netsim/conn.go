package netsim

import (
	"cmp"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"netready/probe/internal/stamp"
)

var _ stamp.PacketConn = (*Conn)(nil)

// A Conn is a socket of a simulated network.
type Conn struct {
	network       *Network
	local, remote netip.AddrPort
	wake, closed  chan struct{}

	// Guarded by the network's mutex:
	queue    []datagram // by time of arrival
	dscp     int
	deadline time.Time
	gone     bool
}

type datagram struct {
	at    time.Duration
	order int // in which they were sent, where they arrive at once
	from  netip.AddrPort
	dscp  int
	b     []byte
}

// deliver queues a datagram for its time. The network is locked.
func (c *Conn) deliver(d datagram) {
	i, _ := slices.BinarySearchFunc(c.queue, d, func(a, b datagram) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
	c.queue = slices.Insert(c.queue, i, d)
	c.wakeReader()
}

func (c *Conn) wakeReader() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Read implements stamp.PacketConn.
func (c *Conn) Read(b []byte) (stamp.Arrival, error) {
	for {
		a, wait, err := c.next(b)
		if wait == 0 {
			return a, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-c.wake:
		case <-c.closed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// next takes the first datagram if its time has come, or says how long to wait at most.
func (c *Conn) next(b []byte) (a stamp.Arrival, wait time.Duration, err error) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	if c.gone {
		return a, 0, net.ErrClosed
	}
	now := stamp.Now()
	if len(c.queue) > 0 && c.queue[0].at <= now {
		d := c.queue[0]
		c.queue = c.queue[1:]
		return stamp.Arrival{N: copy(b, d.b), From: d.from, At: d.at, DSCP: d.dscp}, 0, nil
	}
	wait = time.Hour
	if len(c.queue) > 0 {
		wait = min(wait, c.queue[0].at-now)
	}
	if !c.deadline.IsZero() {
		left := time.Until(c.deadline)
		if left <= 0 {
			return a, 0, os.ErrDeadlineExceeded
		}
		wait = min(wait, left)
	}
	return a, wait, nil
}

// Write implements stamp.PacketConn.
func (c *Conn) Write(b []byte, to netip.AddrPort) error {
	select {
	case <-c.closed:
		return net.ErrClosed
	default:
	}
	if !to.IsValid() {
		to = c.remote
	}
	c.network.send(c, b, to)
	return nil
}

// SetDSCP implements stamp.PacketConn.
func (c *Conn) SetDSCP(dscp int) (int, string) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.dscp = dscp
	return dscp, ""
}

// WriteMarked implements stamp.PacketConn.
func (c *Conn) WriteMarked(b []byte, to netip.AddrPort, _ int) error { return c.Write(b, to) }

// NoMark implements stamp.PacketConn.
func (c *Conn) NoMark() string { return "the simulated network marks whole sockets only" }

// Drops implements stamp.PacketConn.
func (c *Conn) Drops() uint32 { return 0 }

// NoDSCP implements stamp.PacketConn.
func (c *Conn) NoDSCP() string { return "" }

// SetReadDeadline implements stamp.PacketConn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.deadline = t
	c.wakeReader()
	return nil
}

// LocalAddr implements stamp.PacketConn.
func (c *Conn) LocalAddr() netip.AddrPort { return c.local }

// Close implements stamp.PacketConn.
func (c *Conn) Close() error {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	if c.gone {
		return net.ErrClosed
	}
	c.gone = true
	close(c.closed)
	delete(c.network.sockets, c.local)
	return nil
}
