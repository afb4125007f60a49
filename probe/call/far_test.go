package call

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"netready/probe/internal/netsim"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// far is the smallest responder that a call can be tested against in virtual
// time: one call, on a clock of its own.
type far struct {
	conn    *netsim.Conn
	request wire.Request
	grant   wire.CallGrant
	clock   time.Duration // ahead of ours
	dead    chan struct{} // closed: the process is gone
	broken  chan struct{} // closed: the control connection breaks
	finish  chan struct{} // closed: the agent has finished
	rtt     time.Duration // of the control connection

	mu       sync.Mutex
	event    wire.Event
	arrivals []stream.Arrival
	left     []wire.Departure
	asked    map[wire.TransactionID]netip.AddrPort
	proved   netip.AddrPort
	provedAt time.Duration
	flowing  chan struct{}
	isStill  bool
	until    time.Duration
	wg       sync.WaitGroup
}

func (f *far) now() time.Duration { return stamp.Now() + f.clock }

func (f *far) isDead() bool {
	select {
	case <-f.dead:
		return true
	default:
		return false
	}
}

// still makes the process stand still: it does not read, report or send, and then goes on
// with what its socket holds.
func (f *far) still(d time.Duration) {
	f.mu.Lock()
	f.until = stamp.Now() + d
	f.isStill = true
	f.mu.Unlock()
}

// wait blocks until the standstill is over.
func (f *far) wait() {
	f.mu.Lock()
	still, until := f.isStill, f.until
	f.mu.Unlock()
	if still {
		stamp.SleepPlain(until)
	}
}

func (f *far) read(t *testing.T) {
	t.Helper()
	opener, err := wire.NewOpener(wire.UpFlow(f.request, f.grant))
	if err != nil {
		t.Error(err)
	}
	b := make([]byte, stamp.MaxDatagram)
	for {
		a, err := f.conn.Read(b)
		if err != nil {
			return
		}
		f.wait()
		f.mu.Lock()
		if c, err := wire.ParseCheck(b[:a.N]); err == nil && !f.isDead() {
			f.check(c, a)
		} else if seq, sent, err := opener.Open(b[:a.N]); err == nil && !f.isDead() {
			f.arrivals = append(f.arrivals, stream.Arrival{Seq: seq, Sent: sent, Received: a.At + f.clock, DSCP: a.DSCP})
		} else if err != nil {
			f.event.Foreign++
		}
		f.mu.Unlock()
	}
}

func (f *far) check(c wire.Check, a stamp.Arrival) {
	own, err := f.grant.Credential()
	if err != nil || c.Authentic(own) != nil {
		return
	}
	if c.Answer {
		if from, ok := f.asked[c.ID]; ok && from == a.From {
			f.proved, f.provedAt = a.From, stamp.Now()
			if f.flowing == nil {
				f.flowing = make(chan struct{})
				f.wg.Go(f.stream)
			}
		}
		return
	}
	f.event.Checks++
	// A slow responder, whose time is no part of the round trip. In virtual time nobody may
	// wait for a mutex, so it is unlocked meanwhile.
	f.mu.Unlock()
	time.Sleep(3 * time.Millisecond)
	f.mu.Lock()
	_ = f.conn.Write(own.Answer(nil, c.ID, a.From, a.At+f.clock, f.now()), a.From)
	id := wire.NewTransactionID()
	f.asked[id] = a.From
	f.event.Asked++
	_ = f.conn.Write(own.Ask(nil, id), a.From)
}

func (f *far) stream() {
	sealer, err := wire.NewSealer(wire.DownFlow(f.request, f.grant))
	if err != nil {
		return
	}
	start := stamp.Now()
	for i := range int(f.request.Duration / f.request.Ptime) {
		stamp.SleepPlain(stream.Due(start, i, f.request.Ptime))
		f.wait()
		f.mu.Lock()
		if f.isDead() || stamp.Now()-f.provedAt > 5*time.Second {
			f.event.Ended = "consent"
			f.mu.Unlock()
			return
		}
		at := f.now()
		b := sealer.Seal(int64(i), at)
		_ = f.conn.Write(b, f.proved)
		f.left = append(f.left, wire.Departure{Seq: int64(i), Sent: at})
		f.mu.Unlock()
	}
	f.mu.Lock()
	f.event.Ended = "sent"
	f.mu.Unlock()
}

// Events implements link.
func (f *far) Events(ctx context.Context, line func(wire.Event)) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for closed := ""; closed == ""; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.broken:
			return errors.New("connection reset by peer")
		case <-f.finish:
			closed = "finished"
		case <-ticker.C:
		}
		f.wait()
		if f.isDead() {
			closed = ""
			continue
		}
		f.mu.Lock()
		e := f.event
		e.Up, e.Down = wire.PackArrivals(f.arrivals), wire.PackDepartures(f.left)
		f.arrivals, f.left = nil, nil
		f.mu.Unlock()
		e.Closed = closed
		line(e)
	}
	return nil
}

// Finish implements link.
func (f *far) Finish(ctx context.Context) error {
	select {
	case <-f.broken:
		return errors.New("connection reset by peer")
	case <-f.dead:
		<-ctx.Done()
		return ctx.Err()
	default:
		close(f.finish)
		return nil
	}
}

// Clock implements link.
func (f *far) Clock(ctx context.Context) (time.Duration, error) {
	stamp.Pause(ctx, f.rtt)
	return f.rtt, ctx.Err()
}

// world is one call through a simulated network.
type world struct {
	network *netsim.Network
	far     *far
	calls   *calls
}

var (
	agentAt = netip.MustParseAddrPort("10.0.0.1:1000")
	farAt   = netip.MustParseAddrPort("192.0.2.1:2000")
)

func newWorld(t *testing.T, duration time.Duration) *world {
	t.Helper()
	r, err := Settings{Duration: duration, DSCP: 46}.request()
	if err != nil {
		t.Fatal(err)
	}
	g := wire.CallGrant{Username: "user", Password: "password", Key: make([]byte, 32), UpSSRC: 1, DownSSRC: 2, UpSeq: 65000, DownSeq: 1}
	n := netsim.New(1)
	conn, err := n.Listen(farAt)
	if err != nil {
		t.Fatal(err)
	}
	f := &far{
		conn: conn, request: r, grant: g, clock: -7 * time.Hour, rtt: 42 * time.Millisecond,
		dead: make(chan struct{}), broken: make(chan struct{}), finish: make(chan struct{}), asked: map[wire.TransactionID]netip.AddrPort{},
	}
	return &world{network: n, far: f, calls: &calls{
		link: f, request: r, grant: wire.Grant{Calls: []wire.CallGrant{g}}, sleep: stamp.SleepPlain, sameHost: true,
		dial: func(context.Context) (stamp.PacketConn, error) { return n.Dial(agentAt, farAt) },
	}}
}

func (w *world) both(p netsim.Path) { w.up(p); w.down(p) }
func (w *world) up(p netsim.Path)   { w.network.Set(agentAt.Addr(), farAt.Addr(), p) }
func (w *world) down(p netsim.Path) { w.network.Set(farAt.Addr(), agentAt.Addr(), p) }

// run places the call; script runs beside it.
func (w *world) run(t *testing.T, ctx context.Context, script func()) *Outcome {
	t.Helper()
	w.far.wg.Go(func() { w.far.read(t) })
	if script != nil {
		w.far.wg.Go(script)
	}
	o, err := w.calls.run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.far.mu.Lock()
	w.far.provedAt -= time.Hour
	w.far.mu.Unlock()
	_ = w.far.conn.Close()
	w.far.wg.Wait()
	return o
}
