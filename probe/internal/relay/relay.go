package main

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"netready/probe/internal/stamp"
)

// report is what the relay did.
type report struct {
	Seed  uint64 `json:"seed"`
	Calls []flow `json:"calls"` // one for each agent's socket, in order of appearance
}

// flow is what happened to the datagrams of one agent's socket.
type flow struct {
	Agent string  `json:"agent"` // its address
	Up    passage `json:"up"`
	Down  passage `json:"down"`
}

// passage is one direction.
type passage struct {
	In         int   `json:"in"`         // RTP packets that came in
	Dropped    []int `json:"dropped"`    // of those, counted from 0
	Duplicated int   `json:"duplicated"` // further copies sent
	Sent       []hop `json:"sent"`       // RTP packets in the order that they left
	Others     []hop `json:"others"`     // all other datagrams that left
}

// hop is one datagram that was forwarded. In is the kernel's stamp of its arrival, Out the
// time right before it was given to the kernel again.
type hop struct {
	Index int           `json:"i"` // counts what came in, RTP and others separately
	In    time.Duration `json:"in_ns"`
	Out   time.Duration `json:"out_ns"`
}

// relay joins agents' sockets with the responder's.
type relay struct {
	ctx      context.Context //nolint:containedctx // the relay's own life
	outer    *stamp.Conn
	to       string
	up, down harm
	seed     uint64
	wg       sync.WaitGroup

	mu     sync.Mutex // guards the rest
	joints map[netip.AddrPort]*joint
	order  []*joint
}

// joint is one agent's connection through the relay.
type joint struct {
	agent    netip.AddrPort
	inner    *stamp.Conn // connected to the responder
	up, down *way
}

// clockOfDeath starts with the first RTP packet of either way.
type clockOfDeath struct {
	mu      sync.Mutex
	first   time.Duration
	started bool
}

func (c *clockOfDeath) since(at time.Duration, isRTP bool) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if isRTP && !c.started {
		c.first, c.started = at, true
	}
	if !c.started {
		return 0
	}
	return at - c.first
}

func start(ctx context.Context, listen, to string, seed uint64, up, down harm) (*relay, error) {
	if _, err := netip.ParseAddrPort(to); err != nil {
		return nil, fmt.Errorf("--to %q: give IP:PORT: %w", to, err)
	}
	outer, err := stamp.Listen(ctx, listen)
	if err != nil {
		return nil, err
	}
	r := &relay{ctx: ctx, outer: outer, to: to, up: up, down: down, seed: seed, joints: map[netip.AddrPort]*joint{}}
	r.wg.Go(r.readOuter)
	return r, nil
}

// readOuter takes what agents send.
func (r *relay) readOuter() {
	b := make([]byte, stamp.MaxDatagram)
	for {
		a, err := r.outer.Read(b)
		if err != nil {
			return
		}
		j, err := r.joint(a.From)
		if err != nil {
			return
		}
		j.up.take(b[:a.N], a.At)
	}
}

// joint finds or makes an agent's connection.
func (r *relay) joint(agent netip.AddrPort) (*joint, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j := r.joints[agent]; j != nil {
		return j, nil
	}
	inner, err := stamp.Dial(r.ctx, r.to)
	if err != nil {
		return nil, err
	}
	death := &clockOfDeath{}
	n := uint64(2 * len(r.order))
	j := &joint{agent: agent, inner: inner}
	j.up = newWay(r.up, r.seed, n, death, func(b []byte) { _ = inner.Write(b, netip.AddrPort{}) })
	j.down = newWay(r.down, r.seed, n+1, death, func(b []byte) { _ = r.outer.Write(b, agent) })
	r.joints[agent], r.order = j, append(r.order, j)
	r.wg.Go(j.up.send)
	r.wg.Go(j.down.send)
	r.wg.Go(func() {
		b := make([]byte, stamp.MaxDatagram)
		for {
			a, err := inner.Read(b)
			if err != nil {
				return
			}
			j.down.take(b[:a.N], a.At)
		}
	})
	return j, nil
}

// close ends the relay and reports what it did.
func (r *relay) close(seed uint64) report {
	_ = r.outer.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range r.order {
		_ = j.inner.Close()
		close(j.up.quit)
		close(j.down.quit)
	}
	r.wg.Wait()
	report := report{Seed: seed}
	for _, j := range r.order {
		report.Calls = append(report.Calls, flow{Agent: j.agent.String(), Up: j.up.passage, Down: j.down.passage})
	}
	return report
}
