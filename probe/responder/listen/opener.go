package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"netready/probe/internal/wire"
	"netready/probe/responder/share"
)

// The range of ports that media uses, the only one in which an Opener opens.
const (
	LowPort  = 16384
	HighPort = 65535
)

// An Opener opens UDP ports for a session just before they are tried, and closes
// them afterwards. The ports answer only that session's knocks. Its zero fields
// mean the defaults.
type Opener struct {
	Address    string        // to bind; "": all
	Nonce      wire.NonceOf  // finds the sessions
	MayAnswer  MayAnswer     // nil: every question is answered, however often
	Lifetime   time.Duration // 0: DefaultLifetime
	PerSession int           // ports at once; 0: DefaultPerSession
	Total      int           // ports at once of all sessions; 0: DefaultTotal. Half of them for one address, three quarters for one prefix
	PerSecond  int           // ports opened, or kept open, in all; 0: DefaultPerSecond, shared out likewise
	// Serves reports whether a port is always open and answers knocks, as the media
	// port does; nil: none is.
	Serves func(port int) bool

	mu      sync.Mutex // guards the rest
	ports   map[int]*opened
	holders map[wire.KnockID]*holder
	circles map[netip.Prefix]int // how many ports are open for each
	pace    *share.Pace
	closed  bool
	wg      sync.WaitGroup
}

// Defaults of an Opener. A check of a range opens 514 ports at most, 18 as a
// rule, and takes 7 s at most.
const (
	DefaultLifetime   = 10 * time.Second
	DefaultPerSession = 640
	DefaultTotal      = 2048
	DefaultPerSecond  = 1024
)

// ErrBusy says that ports are opened too fast.
var ErrBusy = errors.New("too many ports are opened at once")

// errFull is a port that is not opened because too many are.
var errFull = errors.New("too many ports are open")

// opened is a port that is open for one or more sessions.
type opened struct {
	conn  *net.UDPConn
	from  netip.Addr // for which client it was opened
	until map[wire.KnockID]time.Time
	close *time.Timer
}

// holder is a session with open ports.
type holder map[int]struct{}

// Open opens ports for the session with this nonce, whose control connection comes
// from the address from, and says which are open. Its cost depends only on the
// ports asked for.
func (o *Opener) Open(ctx context.Context, nonce string, from netip.Addr, r wire.PortsRequest) (wire.PortsGrant, error) {
	if r.Protocol != "udp" {
		return wire.PortsGrant{}, fmt.Errorf("opening ports: the protocol must be udp, not %q", r.Protocol)
	}
	if limit := orDefault(o.PerSession, DefaultPerSession); len(r.Ports) > limit {
		return wire.PortsGrant{}, fmt.Errorf("opening ports: %d asked for, %d at most at once", len(r.Ports), limit)
	}
	if !o.mayOpen(from, len(r.Ports)) {
		return wire.PortsGrant{}, ErrBusy
	}
	grant := wire.PortsGrant{Failed: map[int]string{}, For: orDefault(o.Lifetime, DefaultLifetime)}
	for _, port := range r.Ports {
		if err := o.open(ctx, wire.KnockIDOf(nonce), from, port); err != nil {
			grant.Failed[port] = err.Error()
			grant.Busy = grant.Busy || errors.Is(err, errFull)
			continue
		}
		grant.Open = append(grant.Open, port)
	}
	return grant, nil
}

func (o *Opener) mayOpen(from netip.Addr, n int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pace == nil {
		o.pace = share.NewPace(float64(orDefault(o.PerSecond, DefaultPerSecond)))
		o.ports, o.holders, o.circles = map[int]*opened{}, map[wire.KnockID]*holder{}, map[netip.Prefix]int{}
	}
	return o.pace.AllowN(from, n, time.Now())
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// open opens a port, or adds a session to an open one. Other callers can get the
// lock between two ports.
func (o *Opener) open(ctx context.Context, id wire.KnockID, from netip.Addr, port int) error {
	if o.Serves != nil && o.Serves(port) {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch p := o.ports[port]; {
	case o.closed:
		return errors.New("the responder is stopping")
	case port < LowPort || port > HighPort:
		return fmt.Errorf("outside %d-%d", LowPort, HighPort)
	case !o.holds(id, port) && o.holders[id] != nil && len(*o.holders[id]) >= orDefault(o.PerSession, DefaultPerSession):
		return errors.New("too many ports are open for this session")
	case p != nil:
		o.admit(id, port, p)
		p.close.Reset(orDefault(o.Lifetime, DefaultLifetime))
		return nil
	case !o.hasRoom(from):
		return errFull
	}
	c, err := new(net.ListenConfig).ListenPacket(ctx, "udp", net.JoinHostPort(o.Address, strconv.Itoa(port)))
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return errFull // out of descriptors
	}
	if err != nil {
		return errors.New("in use on the responder's host")
	}
	p := &opened{conn: c.(*net.UDPConn), from: from, until: map[wire.KnockID]time.Time{}}
	o.ports[port] = p
	o.admit(id, port, p)
	o.count(from, 1)
	p.close = time.AfterFunc(orDefault(o.Lifetime, DefaultLifetime), func() { o.shut(port, p) })
	o.wg.Go(func() { o.serve(p, port) })
	return nil
}

func (o *Opener) holds(id wire.KnockID, port int) bool {
	h := o.holders[id]
	if h == nil {
		return false
	}
	_, held := (*h)[port]
	return held
}

// admit adds a session to a port. o.mu is held.
func (o *Opener) admit(id wire.KnockID, port int, p *opened) {
	now := time.Now()
	for other, until := range p.until {
		if now.After(until) {
			o.release(other, port, p)
		}
	}
	p.until[id] = now.Add(orDefault(o.Lifetime, DefaultLifetime))
	if o.holders[id] == nil {
		o.holders[id] = &holder{}
	}
	(*o.holders[id])[port] = struct{}{}
}

// release takes a port from a session. o.mu is held.
func (o *Opener) release(id wire.KnockID, port int, p *opened) {
	delete(p.until, id)
	if h := o.holders[id]; h != nil {
		if delete(*h, port); len(*h) == 0 {
			delete(o.holders, id)
		}
	}
}

// hasRoom says whether one more port may be opened for an address. o.mu is held.
func (o *Opener) hasRoom(from netip.Addr) bool {
	total := orDefault(o.Total, DefaultTotal)
	for i, circle := range share.Circles(from) {
		most := total * 3 / 4
		if i == 0 {
			most = total / 2
		}
		if circle.IsValid() && o.circles[circle] >= most {
			return false
		}
	}
	return len(o.ports) < total
}

// count adds to the ports of an address. o.mu is held.
func (o *Opener) count(from netip.Addr, n int) {
	for _, circle := range share.Circles(from) {
		if o.circles[circle] += n; o.circles[circle] <= 0 {
			delete(o.circles, circle)
		}
	}
}

// Forget closes the ports that are open for this session only.
func (o *Opener) Forget(nonce string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := wire.KnockIDOf(nonce)
	h := o.holders[id]
	if h == nil {
		return
	}
	for port := range *h {
		p := o.ports[port]
		o.release(id, port, p)
		if len(p.until) == 0 {
			p.close.Stop()
			o.closePort(port, p)
		}
	}
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
		if k, nonce, ok := wire.ParseKnock(b[:n], mine); ok && k.Delay == 0 && o.MayAnswer.allows(k.ID, k.Random, from) {
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
		o.closePort(port, p)
	}
}

// closePort closes an open port. o.mu is held.
func (o *Opener) closePort(port int, p *opened) {
	for id := range p.until {
		o.release(id, port, p)
	}
	delete(o.ports, port)
	o.count(p.from, -1)
	_ = p.conn.Close()
}

// Close closes all ports and waits.
func (o *Opener) Close() error {
	o.mu.Lock()
	o.closed = true
	for port, p := range o.ports {
		p.close.Stop()
		o.closePort(port, p)
	}
	o.mu.Unlock()
	o.wg.Wait()
	return nil
}
