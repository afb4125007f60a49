package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/control"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

const (
	// watchEvery is how often it is checked whether the calls are over.
	watchEvery = 50 * time.Millisecond
	// lastWait is how long the responder's last lines are awaited.
	lastWait = 3 * time.Second
	// silenceAll without anything on the media path and the control connection, the
	// responder counts as gone. After a control connection that broke, silenceBroken
	// on the media path is enough.
	silenceBroken = 3 * time.Second
	silenceAll    = 8 * time.Second
	// clockSamples is how many round trips of the control connection are measured
	// where the media path gives none.
	clockSamples = 20
	// enoughEvery is how often it is asked whether the calls have told enough.
	enoughEvery = 5 * time.Second
)

// A link is what the calls need of the control connection.
type link interface {
	// Events calls line with each line of the responder until the session ends
	// (nil), ctx ends, or the connection breaks.
	Events(ctx context.Context, line func(wire.Event)) error
	// Clock is one round trip of the connection.
	Clock(ctx context.Context) (time.Duration, error)
	// Finish says that the calls are over: Events gets the rest and returns.
	Finish(ctx context.Context) error
}

// Reasons of an incomplete outcome.
var (
	errStopped = errors.New(facts.CallStopped)
	errEnded   = errors.New("the responder ended the session")
	errEnough  = errors.New("the calls have told enough")
	errSilent  = errors.New("the responder fell silent on both the media path and the control connection: it or its host is gone")
)

// calls are several calls at once, over one control connection.
type calls struct {
	link    link
	request wire.Request
	grant   wire.Grant
	live    func(Live)
	enough  func(*Outcome) bool // nil: the calls last as long as was granted
	sleep   stamp.Sleeper
	dial    func(context.Context) (stamp.PacketConn, error)
	// sameHost: the control connection goes, directly, to the media's own host.
	sameHost bool

	begun  time.Duration
	wokeAt time.Duration // when this computer continued after a standstill; used by watch alone
	legs   []*leg
	meter  *meter

	mu        sync.Mutex // guards the rest
	linkEnd   error      // why there will be no more lines
	isEnded   bool
	isWhole   bool // the responder told all it knows
	finishing bool
	lineAt    time.Duration // when a line came last
	damaged   error
	tcp       []stream.RoundTrip
}

// run places the calls and waits for their end. ctx ends them early.
func (s *calls) run(ctx context.Context) (*Outcome, error) {
	s.begun, s.lineAt, s.wokeAt = stamp.Now(), stamp.Now(), stamp.Now()
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	// Listening continues after ctx: after Ctrl-C the last report is awaited.
	listening, quit := context.WithCancel(context.WithoutCancel(ctx))
	sending, stop := context.WithCancel(ctx)
	asking, silence := context.WithCancel(ctx)
	var listeners, senders sync.WaitGroup
	listeners.Go(func() { s.listen(listening) })
	pace := newPacer(s.sleep)
	senders.Go(func() { pace.run(sending) })
	for _, l := range s.legs {
		listeners.Go(func() { l.read(listening) })
		senders.Go(func() { l.ask(asking) })
		senders.Go(func() { l.stream(sending, pace) })
	}
	senders.Go(func() { s.clock(asking) })

	reason := s.watch(ctx)
	ended := errors.Is(reason, errEnough)
	silence()
	stop()
	senders.Wait()
	settle := s.settle()
	if !errors.Is(reason, errSilent) {
		reason = s.lastLines(ctx, reason, settle)
	}
	quit()
	s.close()
	listeners.Wait()
	o := s.outcome(reason, settle)
	o.Enough = ended
	return o, nil
}

// open makes a socket for every call.
func (s *calls) open(ctx context.Context) error {
	for i, g := range s.grant.Calls {
		conn, err := s.dial(ctx)
		if err != nil {
			s.close()
			return fmt.Errorf("opening the media socket of call %d: %w", i+1, err)
		}
		l, err := newLeg(s.request, g, conn)
		if err != nil {
			_ = conn.Close()
			s.close()
			return fmt.Errorf("preparing call %d with what the responder granted: %w", i+1, err)
		}
		l.begun, l.lineAt = s.begun, s.begun
		l.packets = max(1, int(s.request.Duration/s.request.Ptime))
		l.far.packets, l.sameHost = l.packets, s.sameHost
		l.offset = time.Duration(i) * s.request.Ptime / time.Duration(len(s.grant.Calls))
		s.legs = append(s.legs, l)
	}
	s.meter = newMeter(s.live)
	return nil
}

func (s *calls) close() {
	for _, l := range s.legs {
		_ = l.conn.Close()
	}
}

// listen reads the responder's lines until there are no more.
func (s *calls) listen(ctx context.Context) {
	var closed string
	err := s.link.Events(ctx, func(e wire.Event) {
		closed = e.Closed
		s.line(e, stamp.Now())
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isEnded = true
	switch {
	case err == nil && s.finishing:
		s.isWhole = true
	case err == nil:
		s.linkEnd = fmt.Errorf("%w: %s", errEnded, cmp.Or(closed, "no reason given"))
	default:
		s.linkEnd = err
	}
}

// line handles one line of the responder.
func (s *calls) line(e wire.Event, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lineAt = now
	if e.Call < 0 || e.Call >= len(s.legs) {
		return
	}
	l := s.legs[e.Call]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lineAt = now
	if err := l.far.take(e, now); err != nil {
		s.damaged = err
	}
}

// watch waits for the end of the calls: nil, or why they end early.
func (s *calls) watch(ctx context.Context) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	looked, asked := s.begun, s.begun
	for {
		select {
		case <-ctx.Done():
			return errStopped
		case <-ticker.C:
		}
		now := stamp.Now()
		if now-looked > standstill {
			s.wokeAt = now // what came in the standstill is not read yet
		}
		looked = now
		s.meter.tick(s, now)
		if s.isOver(now) {
			return nil
		}
		if err := s.isDead(now); err != nil {
			return err
		}
		if s.enough != nil && now-asked >= enoughEvery {
			asked = now
			if s.enough(s.outcome(nil, s.settle())) {
				return errEnough
			}
		}
	}
}

// isOver says whether the time for late packets of every call is over.
func (s *calls) isOver(now time.Duration) bool {
	for _, l := range s.legs {
		if end, ok := l.mediaEnd(); !ok || now < end+lateWait {
			return false
		}
	}
	return true
}

// isDead says why nothing more can come from the responder, nil while something
// can. With a silent media path and a working control connection the path is dead,
// and the call goes on to measure that; with a broken control connection alone it
// goes on too.
func (s *calls) isDead(now time.Duration) error {
	quiet := now - s.wokeAt
	for _, l := range s.legs {
		l.mu.Lock()
		if l.isHeard {
			quiet = min(quiet, now-l.heard)
		}
		l.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.isEnded && quiet >= silenceBroken:
		return s.linkEnd
	case quiet >= silenceAll && now-s.lineAt >= silenceAll:
		return errSilent
	}
	return nil
}

// settle is how long a packet may take to arrive and be reported: twice the longest
// round trip.
func (s *calls) settle() time.Duration { return min(2*s.longestTrip(), lateWait) }

// longestTrip is the longest round trip of the calls, and never a short one.
func (s *calls) longestTrip() time.Duration {
	longest := 150 * time.Millisecond
	for _, l := range s.legs {
		l.mu.Lock()
		for _, t := range l.trips {
			longest = max(longest, t.RTT)
		}
		l.mu.Unlock()
	}
	return longest
}

// lastLines fetches the rest of the responder's report and returns why the
// calls are not complete, if they are not.
func (s *calls) lastLines(ctx context.Context, reason error, settle time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWait+2*s.longestTrip())
	defer cancel()
	if reason != nil {
		stamp.Pause(ctx, settle) // packets in the network may still arrive
	}
	if !s.isLinkDown() {
		s.mu.Lock()
		s.finishing = true
		s.mu.Unlock()
		if err := s.link.Finish(ctx); err != nil {
			return cmp.Or(reason, s.linkError(), fmt.Errorf("the responder's last report did not come: %w", err))
		}
		for !s.isLinkDown() && ctx.Err() == nil {
			stamp.Pause(ctx, watchEvery)
		}
	}
	if reason != nil || s.isFlowing() {
		// The last down packets of that report may not have arrived yet.
		stamp.Pause(ctx, settle)
	}
	if reason != nil && !errors.Is(reason, errEnough) {
		return reason
	}
	if err := s.linkError(); err != nil || s.isLinkDown() {
		return err
	}
	return errors.New("the responder's last report did not come")
}

// isFlowing says whether a responder still sends a stream.
func (s *calls) isFlowing() bool {
	for _, l := range s.legs {
		l.mu.Lock()
		flowing := l.far.departures > 0 && l.far.ended == ""
		l.mu.Unlock()
		if flowing {
			return true
		}
	}
	return false
}

// linkError says why the responder's report is incomplete, nil if it is complete.
func (s *calls) linkError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.damaged, s.linkEnd)
}

func (s *calls) isLinkDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isEnded
}

// clock measures round trips of the control connection while no check of any call
// is answered.
func (s *calls) clock(ctx context.Context) {
	stamp.Pause(ctx, proofWait)
	every := max(s.request.Duration/clockSamples, 50*time.Millisecond)
	for range clockSamples {
		if ctx.Err() != nil || s.isAnswered() || s.isLinkDown() {
			return
		}
		asked := stamp.Now()
		once, cancel := context.WithTimeout(ctx, 5*time.Second)
		rtt, err := s.link.Clock(once)
		cancel()
		if err == nil {
			s.mu.Lock()
			s.tcp = append(s.tcp, stream.RoundTrip{At: asked - s.begun, RTT: rtt})
			s.mu.Unlock()
		}
		stamp.Pause(ctx, asked+every-stamp.Now())
	}
}

func (s *calls) isAnswered() bool {
	for _, l := range s.legs {
		if l.isProved() {
			return true
		}
	}
	return false
}

// codeOf says who ended the calls before their time, "" where that is not known.
func codeOf(reason error) string {
	switch {
	case errors.Is(reason, errSilent):
		return facts.CodeFarSilent
	case errors.Is(reason, errEnded), errors.Is(reason, control.ErrEnded), errors.Is(reason, io.EOF), errors.Is(reason, io.ErrUnexpectedEOF), errors.Is(reason, syscall.ECONNRESET):
		return facts.CodeFarEnded
	}
	return ""
}

// outcome puts together what is known.
func (s *calls) outcome(reason error, settle time.Duration) *Outcome {
	o := &Outcome{Begun: s.begun, Complete: reason == nil}
	if reason != nil {
		o.Reason, o.Code = reason.Error(), codeOf(reason)
	}
	for _, l := range s.legs {
		if s.isWhole && s.damaged == nil {
			l.far.at, l.far.any = stamp.Now(), true
		}
		c := l.result(settle)
		if len(c.RoundTrips) > 0 {
			o.Source = facts.RTTStun
		}
		o.Calls = append(o.Calls, c)
	}
	if o.Source == "" && len(s.tcp) > 0 {
		o.Source, o.TCP = facts.RTTTCP, s.tcp
	}
	return o
}
