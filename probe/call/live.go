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
	second   int
	up, down stream.Live
	upSeen   int // arrivals that went into up
	downSeen int
	trips    int
}

func newMeter(tell func(Live)) *meter { return &meter{tell: tell} }

// tick is called often and tells once a second, from the second second on.
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
	m.second++
	v := m.read(l)
	l.mu.Unlock()
	m.tell(v)
}

// read takes what is new. The leg is locked.
func (m *meter) read(l *leg) Live {
	for _, a := range l.far.up[m.upSeen:] {
		m.up.Add(a)
	}
	for _, a := range l.down[m.downSeen:] {
		m.down.Add(a)
	}
	m.upSeen, m.downSeen = len(l.far.up), len(l.down)
	until := l.start + time.Duration(m.second)*time.Second
	up, _ := slices.BinarySearch(l.sentAt, until)
	// The responder's stream keeps the same pace; it may have begun later.
	v := Live{Second: m.second, Up: m.up.Second(up), Down: m.down.Second(min(l.far.departures, up))}
	if n := len(l.trips) - m.trips; n > 0 {
		var sum time.Duration
		for _, t := range l.trips[m.trips:] {
			sum += t.RTT
		}
		mean := sum / time.Duration(n)
		v.RTT, m.trips = &mean, len(l.trips)
	}
	return v
}
