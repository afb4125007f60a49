// Package netsim is a network of channels for tests in virtual time: sockets
// that look like package stamp's, joined by paths that delay, lose, double,
// disorder, queue and translate. Inside a testing/synctest bubble a minute's
// call takes milliseconds.
package netsim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"netready/probe/internal/stamp"
)

// A Path is what happens to datagrams from one host to another. The zero Path
// delivers at once.
type Path struct {
	Delay     time.Duration
	Jitter    time.Duration // on top of Delay, evenly from 0 to this
	Loss      float64       // share, at random
	Duplicate float64       // share that arrives twice
	Reorder   float64       // share that is held back by ReorderBy
	ReorderBy time.Duration
	Rate      int           // bytes a second, 0: no bound
	Queue     time.Duration // with Rate: what would wait longer is dropped, 0: no bound
	Dead      bool
	Drop      func(b []byte) bool // whether to drop a datagram, nil: none; called with the network locked
}

// A Network carries datagrams between its sockets.
type Network struct {
	mu      sync.Mutex // guards all, the sockets' queues too
	random  *rand.Rand
	sockets map[netip.AddrPort]*Conn
	paths   map[[2]netip.Addr]Path
	free    map[[2]netip.Addr]time.Duration   // when a path with a Rate is free again
	outside map[netip.AddrPort]netip.AddrPort // NAT: inside to outside
	inside  map[netip.AddrPort]netip.AddrPort // and back
	count   int
}

// New makes a network without any host. The same seed gives the same random events.
func New(seed uint64) *Network {
	return &Network{
		random:  rand.New(rand.NewPCG(seed, 1)),
		sockets: map[netip.AddrPort]*Conn{},
		paths:   map[[2]netip.Addr]Path{},
		free:    map[[2]netip.Addr]time.Duration{},
		outside: map[netip.AddrPort]netip.AddrPort{},
		inside:  map[netip.AddrPort]netip.AddrPort{},
	}
}

// Set puts a path between two hosts, in this direction only. It may change while
// datagrams are on their way; those keep the path on which they left.
func (n *Network) Set(from, to netip.Addr, p Path) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.paths[[2]netip.Addr{from, to}] = p
}

// Translate makes other hosts see a socket under another address, as NAT does. Called
// again for the same socket it changes the mapping: the old address is no longer valid.
func (n *Network) Translate(socket, seenAs netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if old, ok := n.outside[socket]; ok {
		delete(n.inside, old)
	}
	n.outside[socket] = seenAs
	n.inside[seenAs] = socket
}

// Listen opens a socket that receives from everybody.
func (n *Network) Listen(local netip.AddrPort) (*Conn, error) {
	return n.open(local, netip.AddrPort{})
}

// Dial opens a socket that is connected to one address.
func (n *Network) Dial(local, remote netip.AddrPort) (*Conn, error) {
	return n.open(local, remote)
}

func (n *Network) open(local, remote netip.AddrPort) (*Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sockets[local] != nil {
		return nil, fmt.Errorf("opening %v in the simulated network: address in use", local)
	}
	c := &Conn{network: n, local: local, remote: remote, wake: make(chan struct{}, 1), closed: make(chan struct{})}
	n.sockets[local] = c
	return c, nil
}

// send puts a datagram, or two, on its way.
func (n *Network) send(c *Conn, b []byte, to netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := c.local
	if outside, ok := n.outside[c.local]; ok {
		seen = outside
	}
	if inside, ok := n.inside[to]; ok {
		to = inside
	}
	key := [2]netip.Addr{c.local.Addr(), to.Addr()}
	far, p := n.sockets[to], n.paths[key]
	if far == nil || p.Dead || (p.Drop != nil && p.Drop(b)) || n.random.Float64() < p.Loss {
		return
	}
	if far.remote.IsValid() && far.remote != seen {
		return // a connected socket receives from its peer only
	}
	copies := 1
	if n.random.Float64() < p.Duplicate {
		copies = 2
	}
	for range copies {
		if at, ok := n.arrival(key, p, len(b)); ok {
			n.count++
			far.deliver(datagram{at: at, order: n.count, from: seen, dscp: c.dscp, b: append([]byte(nil), b...)})
		}
	}
}

// arrival is when a datagram that leaves now arrives; false if the queue of a slow path is
// full.
func (n *Network) arrival(key [2]netip.Addr, p Path, size int) (time.Duration, bool) {
	at := stamp.Now()
	if p.Rate > 0 {
		begin := at
		if free, ok := n.free[key]; ok { // the clock's zero means nothing
			begin = max(at, free)
		}
		if p.Queue > 0 && begin-at > p.Queue {
			return 0, false
		}
		at = begin + time.Duration(size)*time.Second/time.Duration(p.Rate)
		n.free[key] = at
	}
	at += p.Delay
	if p.Jitter > 0 {
		at += time.Duration(n.random.Int64N(int64(p.Jitter)))
	}
	if n.random.Float64() < p.Reorder {
		at += p.ReorderBy
	}
	return at, true
}
