package responder

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// sendAtOnce bounds how long a packet that has its stamp waits for others that leave with
// the same call of the system: some 30 microseconds, less than wire.ExactHandover.
const sendAtOnce = 8

// never is later than any clock of ours shows.
const never = time.Duration(math.MaxInt64 / 4)

// Why a stream down ended: wire.Event.Ended.
const (
	endedSent    = "sent"
	endedStopped = "stopped"
	endedConsent = "consent"
)

// A flow is one call's stream down. It fits one line of the processor's cache.
type flow struct {
	call   *call
	sealer *wire.Sealer
	start  time.Duration // when packet 0 is due
	due    time.Duration // when the next is
	ptime  time.Duration
	next   int
	last   int32
	dscp   int32
}

func newFlow(c *call, sealer *wire.Sealer) *flow {
	return &flow{call: c, sealer: sealer, ptime: c.request.Ptime, last: int32(c.packets - 1), dscp: int32(c.request.DSCP)}
}

// A stamped packet waits until it is given to the system.
type stamped struct {
	flow *flow
	seq  int64
	at   time.Duration
}

// A sender sends the packets of many calls at one socket, each when it is due, as long as
// their consent lasts.
type sender struct {
	conn  *stamp.Shared
	flows atomic.Int32
	late  recent // of the packets
	gap   recent // from their stamp until the system has them

	mu    sync.Mutex // guards the next two
	added int
	fresh []*flow // that the wheel does not hold yet

	// The rest is for one goroutine.
	due     time.Duration // when the next turn is, on the clock of stamp.Now
	wheel   wheel
	turn    []*flow // that are due
	writer  *stamp.Writer
	waiting [sendAtOnce]stamped // what the writer holds
	held    int
	fetched int // means nothing
}

func newSender(conn *stamp.Shared) *sender {
	return &sender{conn: conn, writer: conn.Writer(sendAtOnce), due: never}
}

// golden is the fraction of the golden ratio. The fractions of its multiples are spread
// evenly between 0 and 1, however many there are.
const golden = 0.6180339887498949

// add begins a flow. The first packets of several flows are spread evenly over the steps of
// the wheel, so that those of one step leave together and on time.
func (s *sender) add(f *flow) {
	s.mu.Lock()
	s.added++
	_, part := math.Modf(float64(s.added) * golden)
	f.start = (stamp.Now() + time.Duration(part*float64(f.ptime)) + wheelStep).Truncate(wheelStep)
	f.due = f.start
	s.fresh = append(s.fresh, f)
	s.mu.Unlock()
	s.flows.Add(1)
	s.conn.Wake()
}

// take sends what is due, and sets when the next turn is. After a standstill it sends
// several packets of a flow in one turn, without waiting for the processor between them.
func (s *sender) take(now time.Duration) {
	s.mu.Lock()
	for _, f := range s.fresh {
		s.wheel.put(f)
	}
	clear(s.fresh)
	s.fresh = s.fresh[:0]
	s.mu.Unlock()
	for s.turn = s.wheel.take(now, s.turn[:0]); len(s.turn) > 0; s.turn = s.wheel.take(now, s.turn[:0]) {
		for i, f := range s.turn {
			if i%sendAtOnce == 0 {
				s.fetch(s.turn[i:min(i+sendAtOnce, len(s.turn))])
			}
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
	s.due = next
}

// fetch reads a little of each flow, which changes nothing: the processor waits for the memory
// of all of them at the same time, and not for one after the other as locks would have it.
func (s *sender) fetch(flows []*flow) {
	for _, f := range flows {
		s.fetched += f.call.mostRecords + f.sealer.Size()
	}
}

// packet sends a flow's next packet, and says why it is the last, if it is.
func (s *sender) packet(f *flow) (why string) {
	now := stamp.Now()
	to, why := f.call.depart(f, now)
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
		if s.writer.Put(f.sealer.Seal(int64(f.next), now), to, int(f.dscp)) {
			s.flush()
		}
	}
	if f.next >= int(f.last) {
		return endedSent
	}
	f.next++
	f.due = stream.Due(f.start, f.next, f.ptime)
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
