package call

import (
	"slices"
	"time"

	"netready/probe/stream"
)

// liveLag is how old packets are when they are told: the responder reports
// once a second, and what is under way must not look lost.
const liveLag = 2 * time.Second

// A meter tells provisional figures of the first call once a second.
type meter struct {
	tell     func(Live)
	second   int // the next to be told; the first is 0
	up, down stream.Live
	upSeen   int // arrivals that went into up
	downSeen int
}

func newMeter(tell func(Live)) *meter { return &meter{tell: tell} }

// tick is called often and tells once a second, from liveLag after the first
// second's end on.
func (m *meter) tick(s *calls, now time.Duration) {
	if m.tell == nil || len(s.legs) == 0 {
		return
	}
	l := s.legs[0]
	l.mu.Lock()
	due := l.started && now-l.start >= time.Duration(m.second+1)*time.Second+liveLag && m.second < (l.packets*int(l.request.Ptime)+int(time.Second)-1)/int(time.Second)
	if !due {
		l.mu.Unlock()
		return
	}
	v := m.read(l)
	m.second++
	l.mu.Unlock()
	m.tell(v)
}

// read takes what is new and tells of what was sent in the next second: what
// came of later packets until now is the next seconds'. The leg is locked.
func (m *meter) read(l *leg) Live {
	for _, a := range l.far.up[m.upSeen:] {
		m.up.Add(a)
	}
	for _, a := range l.down[m.downSeen:] {
		m.down.Add(a)
	}
	m.upSeen, m.downSeen = len(l.far.up), len(l.down)
	from := l.start + time.Duration(m.second)*time.Second
	up, _ := slices.BinarySearch(l.sentAt, from+time.Second)
	return Live{
		Second: m.second,
		Up:     m.up.Second(up),
		// The responder's stream keeps the same pace; it may have begun later.
		Down: m.down.Second(min(l.far.departures, up)),
		RTT:  meanTrip(l.trips, from-l.begun, from-l.begun+time.Second),
	}
}

// meanTrip is the mean of the round trips that were asked from from on and
// before to, since the calls were begun; nil without any.
func meanTrip(trips []RoundTrip, from, to time.Duration) *time.Duration {
	var sum time.Duration
	n := 0
	for _, t := range trips {
		if t.At >= from && t.At < to {
			sum += t.RTT
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return new(sum / time.Duration(n))
}
