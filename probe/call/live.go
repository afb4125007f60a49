package call

import (
	"slices"
	"time"

	"netready/probe/stream"
)

// liveLag is how old packets are when they are reported: the responder reports once
// a second, and packets in the network must not look lost.
const liveLag = 2 * time.Second

// A meter reports provisional figures of the first call once a second.
type meter struct {
	tell     func(Live)
	second   int // the next to be reported; the first is 0
	up, down stream.Live
	upSeen   int // arrivals that went into up
	downSeen int
}

func newMeter(tell func(Live)) *meter { return &meter{tell: tell} }

// tick is called often and reports once a second, each second liveLag after its
// end.
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

// read takes the new arrivals and gives the figures of the packets that were sent
// in the next second; arrivals of later packets count later. The leg is locked.
func (m *meter) read(l *leg) Live {
	for _, a := range l.far.up[m.upSeen:] {
		if a.Seq < int64(len(l.took)) {
			a.Leeway = leeway(l.took[a.Seq])
		}
		m.up.Add(a)
	}
	for _, a := range l.down[m.downSeen:] {
		a.Leeway = l.far.leeway[a.Seq]
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
		RTT:  stream.MeanRTT(l.trips, from-l.begun, from-l.begun+time.Second),
	}
}
