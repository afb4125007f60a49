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
	// restAfter is how long the sender waits after a turn: the packets of many calls
	// that become due in that time leave together, which costs less.
	restAfter = 500 * time.Microsecond
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

// A stamped packet waits until it is given to the system.
type stamped struct {
	flow *flow
	seq  int64
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

// golden is the fraction of the golden ratio. The fractions of its multiples are spread
// evenly between 0 and 1, however many there are.
const golden = 0.6180339887498949

// add begins a flow. The first packets of several flows are spread evenly.
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
			runtime.Gosched() // so that the readers run, too
		}
		s.mu.Lock()
		s.take(stamp.Now())
		s.mu.Unlock()
	}
}

// help takes a turn if one is due and nobody takes it.
func (s *sender) help() {
	if now := stamp.Now(); int64(now) >= s.due.Load() && s.mu.TryLock() {
		s.take(now)
		s.mu.Unlock()
	}
}

// take sends what is due, and sets when the next turn is. After a standstill it sends
// several packets of a flow in one turn, without waiting for the processor between them.
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
		s.flush() // before a flow's next packet overwrites this one
		clear(s.turn)
	}
	next, ok := s.wheel.next()
	if !ok {
		next = never
	}
	s.due.Store(int64(max(next, now+restAfter)))
}

// packet sends a flow's next packet, and says why it is the last, if it is.
func (s *sender) packet(f *flow) (why string) {
	c := f.call
	now := stamp.Now()
	to, why := c.depart(f, now)
	if why != "" {
		return why
	}
	// A host that stood still does not send in one burst what no phone would play any
	// more. The agent sees by the records that the packet was not sent.
	late := now - f.due
	s.late.note(late, now)
	if late <= wire.TooLate {
		s.waiting[s.held] = stamped{f, int64(f.next), now}
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

// flush gives the waiting packets to the system. The call loses one that the system
// refuses as it loses one on the path.
func (s *sender) flush() {
	s.writer.Flush()
	now := stamp.Now()
	for i, w := range s.waiting[:s.held] {
		s.gap.note(now-w.at, now)
		w.flow.call.noteHandover(w.seq, now-w.at)
		s.waiting[i].flow = nil
	}
	s.held = 0
}

func (s *sender) close() error {
	s.over.Store(true)
	return s.alarm.Close()
}
