package responder

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

const (
	// sendAtOnce bounds how long a packet that has its stamp waits for others
	// that leave with the same call of the system: some 20 microseconds.
	sendAtOnce = 16
	// together is how long the sender rests after a turn: of many calls, those
	// that are due meanwhile leave together.
	together = 500 * time.Microsecond
	// never is later than any clock of ours shows.
	never = time.Duration(math.MaxInt64 / 4)
)

// Why a stream down ended: wire.Event.Ended.
const (
	endedSent    = "sent"
	endedStopped = "stopped"
	endedConsent = "consent"
)

// A flow is one call's stream down.
type flow struct {
	call   *call
	sealer *wire.Sealer
	dscp   int
	start  time.Duration // when packet 0 is due
	due    time.Duration // when the next is
	next   int
}

// A stamped packet waits to be given to the system.
type stamped struct {
	flow *flow
	at   time.Duration
}

// A sender sends the packets of many calls, each when it is due, as long as
// their consent lasts.
type sender struct {
	alarm *stamp.Alarm
	over  atomic.Bool
	flows atomic.Int32
	due   atomic.Int64 // when the next turn is, on the clock of stamp.Now
	late  recent       // of the packets
	gap   recent       // from their stamp until the system has them

	mu      sync.Mutex // guards the rest: one turn at a time
	wheel   wheel
	added   int
	turn    []*flow // that are due
	writer  *stamp.Writer
	waiting [sendAtOnce]stamped // what the writer holds
	held    int
}

func newSender(conn *stamp.Conn) (*sender, error) {
	alarm, err := stamp.NewAlarm()
	if err != nil {
		return nil, err
	}
	s := &sender{alarm: alarm, writer: conn.Writer(sendAtOnce)}
	s.due.Store(int64(never))
	return s, nil
}

// golden is the golden ratio's part below one: its multiples spread what is
// counted evenly, however many there will be.
const golden = 0.6180339887498949

// add begins with a flow. The first packets of several lie evenly side by side.
func (s *sender) add(f *flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added++
	_, part := math.Modf(float64(s.added) * golden)
	f.start = stamp.Now() + time.Duration(part*float64(f.call.request.Ptime))
	f.due = f.start
	s.flows.Add(1)
	s.wheel.put(f)
	if int64(f.due) < s.due.Load() {
		s.due.Store(int64(f.due))
		s.alarm.Ring()
	}
}

// run takes a turn whenever something is due, until the sender is closed.
func (s *sender) run() {
	for !s.over.Load() {
		if until := time.Duration(s.due.Load()); until > stamp.Now() {
			s.alarm.Wait(until)
		} else {
			runtime.Gosched() // who reads has a turn, too
		}
		s.mu.Lock()
		s.take(stamp.Now())
		s.mu.Unlock()
	}
}

// help takes a turn if it is time for one and nobody does.
func (s *sender) help() {
	if now := stamp.Now(); int64(now) >= s.due.Load() && s.mu.TryLock() {
		s.take(now)
		s.mu.Unlock()
	}
}

// take sends what is due, and says when the next turn is. After a standstill
// that are several packets of a flow: who waits long for the processor must not
// wait for each of them.
func (s *sender) take(now time.Duration) {
	if int64(now) < s.due.Load() {
		return
	}
	for s.turn = s.wheel.take(now, s.turn[:0]); len(s.turn) > 0; s.turn = s.wheel.take(now, s.turn[:0]) {
		for _, f := range s.turn {
			if why := s.packet(f); why != "" {
				f.call.ended(why)
				s.flows.Add(-1)
				continue
			}
			s.wheel.put(f)
		}
		s.flush() // before a flow's next packet takes the place of this one
		clear(s.turn)
	}
	next, ok := s.wheel.next()
	if !ok {
		next = never
	}
	s.due.Store(int64(max(next, now+together)))
}

// packet sends a flow's next packet, and says why it is the last, if it is.
func (s *sender) packet(f *flow) (why string) {
	c := f.call
	now := stamp.Now()
	to, why := c.leave(f, now)
	if why != "" {
		return why
	}
	// A host that stood still does not catch up in one burst what no phone would
	// play any more: the agent sees by the stamp that it was not sent.
	late := now - f.due
	s.late.note(late, now)
	if late <= wire.TooLate {
		s.waiting[s.held] = stamped{f, now}
		s.held++
		if s.writer.Put(f.sealer.Seal(int64(f.next), now), to, f.dscp) {
			s.flush()
		}
	}
	f.next++
	f.due = stream.Due(f.start, f.next, c.request.Ptime)
	if f.next >= c.packets {
		return endedSent
	}
	return ""
}

// flush gives the system what waits. One that it refuses is as lost to the call
// as one that the path eats.
func (s *sender) flush() {
	s.writer.Flush()
	now := stamp.Now()
	for i, w := range s.waiting[:s.held] {
		s.gap.note(now-w.at, now)
		if now-w.at > wire.SlowHandover {
			w.flow.call.noteSlow()
		}
		s.waiting[i].flow = nil
	}
	s.held = 0
}

func (s *sender) close() error {
	s.over.Store(true)
	return s.alarm.Close()
}
