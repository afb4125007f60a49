package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/stamp"
	"netready/probe/internal/turn"
	"netready/probe/stream"
)

const (
	// lateWait is how long late packets are awaited after the last was due.
	lateWait = 2 * time.Second
	// watchEvery is how often it is checked whether the calls are over.
	watchEvery = 50 * time.Millisecond
	// askEvery is five questions a second for the round trip, askLost when one
	// counts as lost.
	askEvery = 200 * time.Millisecond
	askLost  = 2 * time.Second
	// silenceLoop without an arrival, the server is asked whether it still has the
	// loop's relays. silenceAll without anything, the server counts as gone.
	silenceLoop = 3 * time.Second
	silenceAll  = 8 * time.Second
	// fenceWait is how long a leg that loses nothing may take to deliver the rest.
	fenceWait = 15 * time.Second
	// settle is how long packets may take to arrive when a run is stopped.
	settle = time.Second
	// enoughEvery is how often it is asked whether the calls have told enough.
	enoughEvery = 5 * time.Second
	// keepOpen is how often a socket that only receives sends, so that the
	// network lets its packets in.
	keepOpen = 5 * time.Second
)

// Reasons of an incomplete outcome.
var (
	errStopped = errors.New(facts.CallStopped)
	errEnough  = errors.New("the calls have told enough")
	errSilent  = errors.New("the TURN server fell silent on every connection: it, or the way to it, is gone")
)

// calls are the running loops of all calls.
type calls struct {
	session *Session
	peer    string
	calls   [][]*loop
	plan    Plan
	begun   time.Duration
	meter   meter

	mu    sync.Mutex // guards the rest
	trips []stream.RoundTrip
	lost  int
}

// A Plan is what is wanted of the calls; nothing of it is needed.
type Plan struct {
	Live func(Live) // called once a second
	// Enough is asked now and then with what is known so far: true ends the calls,
	// which are whole then.
	Enough func(*Outcome) bool
}

// Run places the calls and waits for their end: two seconds after the last
// packet was due, and until the legs that lose nothing have delivered everything.
// When ctx ends the calls end early, and the outcome says so. An error means that
// no call could be placed at all.
func (s *Session) Run(ctx context.Context, p Plan) (*Outcome, error) {
	c := &calls{session: s, plan: p}
	return c.run(ctx)
}

func (c *calls) run(ctx context.Context) (*Outcome, error) {
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	sending, stop := context.WithCancelCause(ctx)
	asking, quiet := context.WithCancel(ctx)
	var senders, others sync.WaitGroup
	// A moment ahead, so that no stream starts with a packet that is already due.
	c.begun = stamp.Now() + stream.PacketTime
	for _, l := range c.loops() {
		senders.Go(func() { l.stream(sending, c.begun) })
		others.Go(func() { c.guard(asking, l) })
	}
	others.Go(func() { c.ask(asking) })

	reason := c.watch(ctx)
	ended := errors.Is(reason, errEnough)
	var died error
	if !ended && !errors.Is(reason, errStopped) {
		died = reason // nobody stopped it: server or connection is gone
	}
	stop(reason)
	senders.Wait()
	if ended {
		reason = nil
		stamp.Pause(ctx, lateWait)
	}
	reason = cmp.Or(reason, c.deliver(ctx, reason))
	quiet()
	others.Wait()
	outcome := c.outcome(reason, died)
	outcome.Enough = ended
	c.release(ctx)
	return outcome, nil
}

func (c *calls) loops() []*loop {
	var all []*loop
	for _, call := range c.calls {
		all = append(all, call...)
	}
	return all
}

// legs are the loops of one call: UDP both ways, and one for each way with a
// leg that loses nothing on the other, as far as the server offers them.
func (s *Session) legs() [][2]turn.Transport {
	switch {
	case s.reliable == nil:
		return [][2]turn.Transport{{s.datagram.Transport, s.datagram.Transport}}
	case s.datagram == nil:
		return [][2]turn.Transport{{s.reliable.Transport, s.reliable.Transport}}
	}
	d, r := s.datagram.Transport, s.reliable.Transport
	return [][2]turn.Transport{{d, d}, {d, r}, {r, d}}
}

// open makes the loops of all calls. The first loop shows whether relays of the
// server may be each other's peers; then all others are opened at once.
func (c *calls) open(ctx context.Context) error {
	legs := c.session.legs()
	packets := max(1, int(c.session.settings.Duration/stream.PacketTime))
	for range c.session.settings.Calls {
		var call []*loop
		for _, leg := range legs {
			l, err := newLoop(c.session.codec, leg[0], leg[1], packets)
			if err != nil {
				return fmt.Errorf("preparing a stream: %w", err)
			}
			call = append(call, l)
		}
		c.calls = append(c.calls, call)
	}
	all := c.loops()
	for i, l := range all {
		l.offset = time.Duration(i) * stream.PacketTime / time.Duration(len(all))
	}
	if err := c.first(ctx, all[0]); err != nil {
		return fmt.Errorf("closing a loop through the TURN server: %w", err)
	}
	var opening sync.WaitGroup
	for _, l := range all[1:] {
		opening.Go(func() {
			if err := c.session.join(ctx, l, c.peer); err != nil {
				l.end(err)
			}
		})
	}
	opening.Wait()
	return nil
}

// first joins the first loop: by two relays, or where the server forbids that,
// by this machine's public address.
func (c *calls) first(ctx context.Context, l *loop) error {
	c.peer = facts.PeerRelayed
	err := c.session.join(ctx, l, c.peer)
	if err == nil || !forbidsPeers(err) || l.up.IsReliable() {
		return err
	}
	c.peer = facts.PeerPublic
	if second := c.session.join(ctx, l, c.peer); second != nil {
		return fmt.Errorf("between two relays: %w; to this machine's public address: %w", err, second)
	}
	return nil
}

// watch waits for the end of the calls: nil, or why they end early.
func (c *calls) watch(ctx context.Context) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	asked := c.begun
	for {
		select {
		case <-ctx.Done():
			return errStopped
		case <-ticker.C:
		}
		now := stamp.Now()
		c.meter.tick(c, now)
		if err := c.dead(now); err != nil {
			return err
		}
		if c.isOver(now) {
			return nil
		}
		if c.plan.Enough != nil && now-asked >= enoughEvery {
			asked = now
			if c.plan.Enough(c.soFar(now - lateWait)) {
				return errEnough
			}
		}
	}
}

// isOver says whether every stream is sent, and the time for late packets of every
// loop is over.
func (c *calls) isOver(now time.Duration) bool {
	for _, l := range c.loops() {
		select {
		case <-l.done:
		default:
			return false
		}
		l.mu.Lock()
		over := l.broken != nil || len(l.sentAt) == 0 || now >= l.left+lateWait
		l.mu.Unlock()
		if !over {
			return false
		}
	}
	return true
}

// dead says why nothing more can arrive, nil while something can.
func (c *calls) dead(now time.Duration) error {
	heard := c.begun
	broken, ended := true, false
	var why error
	for _, l := range c.loops() {
		for _, a := range l.relays() {
			heard = max(heard, a.Heard())
			ended = ended || a.Ended() != nil
		}
		l.mu.Lock()
		broken = broken && l.broken != nil
		why = cmp.Or(why, l.broken)
		l.mu.Unlock()
	}
	switch {
	case broken, ended && now-heard >= silenceLoop:
		return why
	case now-heard >= silenceAll:
		return errSilent
	}
	return nil
}

// guard notices that a loop's connection ended, or that the server no longer has
// its relays: then the path did not lose the missing packets.
func (c *calls) guard(ctx context.Context, l *loop) {
	if len(l.relays()) == 0 {
		return
	}
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	var asked, opened time.Duration
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := stamp.Now()
		for _, a := range l.relays() {
			if err := a.Ended(); err != nil {
				l.end(err)
				return
			}
		}
		if l.socket != nil && now-opened >= keepOpen {
			opened = now
			_ = l.socket.Write(l.hello, netip.AddrPort{})
		}
		if l.isSilent(now) && now-asked >= silenceLoop {
			asked = now
			if err := l.refresh(ctx); err != nil {
				l.end(err)
				return
			}
		}
	}
}

// isSilent says whether nothing arrives of a stream that is being sent.
func (l *loop) isSilent(now time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.start
	if n := len(l.arrivals); n > 0 {
		last = l.arrivals[n-1].Received
	}
	return len(l.sentAt) > 0 && now-last >= silenceLoop
}

// refresh asks the server whether it still has the loop's relays.
func (l *loop) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, silenceLoop)
	defer cancel()
	for _, a := range l.relays() {
		if err := a.Refresh(ctx); errors.Is(err, turn.ErrGone) {
			return err
		}
	}
	return nil
}

// release gives all relays back.
func (c *calls) release(ctx context.Context) {
	var wg sync.WaitGroup
	for _, l := range c.loops() {
		wg.Go(func() { l.release(ctx) })
	}
	wg.Wait()
}

// ask measures round trips on the first loop's first relay.
func (c *calls) ask(ctx context.Context) {
	relay := c.calls[0][0].relays()[0]
	var waiting sync.WaitGroup
	defer waiting.Wait()
	start := stamp.Now()
	for i := 0; ctx.Err() == nil; i++ {
		waiting.Go(func() { c.askOnce(ctx, relay) })
		stamp.Pause(ctx, start+time.Duration(i+1)*askEvery-stamp.Now())
	}
}

func (c *calls) askOnce(ctx context.Context, relay *turn.Allocation) {
	once, cancel := context.WithTimeout(ctx, askLost)
	defer cancel()
	asked, trip, err := relay.Ask(once)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.trips = append(c.trips, stream.RoundTrip{At: asked, RTT: trip})
	case ctx.Err() == nil:
		c.lost++ // a question without an answer yet at the end is not lost
	}
}
