package listen

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"netready/probe/internal/wire"
)

// The range of ports that media uses, the only one in which an Opener opens.
const (
	LowPort  = 16384
	HighPort = 65535
)

// An Opener opens UDP ports for a session just before they are tried, and
// closes them after. Its zero fields mean the defaults. They answer only that
// session's knocks.
type Opener struct {
	Address    string        // to bind; "": all
	Nonce      wire.NonceOf  // finds the sessions
	Again      Again         // nil: every question is answered, however often
	Lifetime   time.Duration // 0: DefaultLifetime
	PerSession int           // ports at once; 0: DefaultPerSession
	Total      int           // ports at once of all sessions; 0: DefaultTotal
	// Serves reports whether a port is open anyway and answers knocks, as the
	// media port does; nil: none is.
	Serves func(port int) bool

	mu     sync.Mutex // guards the rest
	ports  map[int]*opened
	closed bool
	wg     sync.WaitGroup
}

// Defaults of an Opener.
const (
	DefaultLifetime   = 10 * time.Second // a check takes 7 s at most
	DefaultPerSession = 1024
	DefaultTotal      = 8192
)

// opened is a port that is open for one or more sessions.
type opened struct {
	conn  *net.UDPConn
	until map[wire.KnockID]time.Time
	close *time.Timer
}

// Open opens ports for the session with this nonce, and says which are open.
func (o *Opener) Open(ctx context.Context, nonce string, r wire.PortsRequest) (wire.PortsGrant, error) {
	if r.Protocol != "udp" {
		return wire.PortsGrant{}, fmt.Errorf("opening ports: the protocol must be udp, not %q", r.Protocol)
	}
	if limit := orDefault(o.PerSession, DefaultPerSession); len(r.Ports) > limit {
		return wire.PortsGrant{}, fmt.Errorf("opening ports: %d asked for, %d at most at once", len(r.Ports), limit)
	}
	grant := wire.PortsGrant{Failed: map[int]string{}, For: orDefault(o.Lifetime, DefaultLifetime)}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, port := range r.Ports {
		if err := o.open(ctx, wire.KnockIDOf(nonce), port); err != nil {
			grant.Failed[port] = err.Error()
			continue
		}
		grant.Open = append(grant.Open, port)
	}
	return grant, nil
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// open opens a port or lets one more session into it. o.mu is held.
func (o *Opener) open(ctx context.Context, id wire.KnockID, port int) error {
	if o.Serves != nil && o.Serves(port) {
		return nil
	}
	lifetime := orDefault(o.Lifetime, DefaultLifetime)
	until := time.Now().Add(lifetime)
	switch {
	case o.closed:
		return fmt.Errorf("the responder is stopping")
	case port < LowPort || port > HighPort:
		return fmt.Errorf("outside %d-%d", LowPort, HighPort)
	case o.heldBy(id) >= orDefault(o.PerSession, DefaultPerSession):
		return fmt.Errorf("too many ports are open for this session")
	case o.ports[port] != nil:
		p := o.ports[port]
		p.until[id] = until
		p.close.Reset(lifetime)
		return nil
	case len(o.ports) >= orDefault(o.Total, DefaultTotal):
		return fmt.Errorf("too many ports are open")
	}
	c, err := new(net.ListenConfig).ListenPacket(ctx, "udp", net.JoinHostPort(o.Address, strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("in use on the responder's host")
	}
	p := &opened{conn: c.(*net.UDPConn), until: map[wire.KnockID]time.Time{id: until}}
	if o.ports == nil {
		o.ports = map[int]*opened{}
	}
	o.ports[port] = p
	p.close = time.AfterFunc(lifetime, func() { o.shut(port, p) })
	o.wg.Go(func() { o.serve(p, port) })
	return nil
}

// heldBy counts the ports that are open for a session. o.mu is held.
func (o *Opener) heldBy(id wire.KnockID) int {
	n := 0
	for _, p := range o.ports {
		if p.until[id].After(time.Now()) {
			n++
		}
	}
	return n
}

// serve answers the knocks of the sessions that the port is open for.
func (o *Opener) serve(p *opened, port int) {
	b := make([]byte, 2048)
	mine := func(id wire.KnockID) (string, bool) {
		o.mu.Lock()
		open := p.until[id].After(time.Now())
		o.mu.Unlock()
		if !open {
			return "", false
		}
		return o.Nonce(id)
	}
	for {
		n, from, err := p.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			if o.isOpen(port, p) {
				continue
			}
			return
		}
		if k, nonce, ok := wire.ParseKnock(b[:n], mine); ok && k.Delay == 0 && o.Again.allows(k.ID, k.Random, from) {
			_, _ = p.conn.WriteToUDPAddrPort(k.Answer(from, port).Marshal(nonce), from)
		}
	}
}

func (o *Opener) isOpen(port int, p *opened) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ports[port] == p
}

func (o *Opener) shut(port int, p *opened) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ports[port] == p {
		delete(o.ports, port)
	}
	_ = p.conn.Close()
}

// Close closes all ports and waits.
func (o *Opener) Close() error {
	o.mu.Lock()
	o.closed = true
	for port, p := range o.ports {
		p.close.Stop()
		delete(o.ports, port)
		_ = p.conn.Close()
	}
	o.mu.Unlock()
	o.wg.Wait()
	return nil
}
