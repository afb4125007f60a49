package stream

// Live keeps the figures of a stream that is still going on, one second after
// the other. They are provisional: Measure has the last word. The zero value is
// ready to use.
type Live struct {
	jitter  estimator
	seen    map[int64]struct{} // from the second under way on
	from    int64              // its first packet
	first   Arrival
	started bool
	fastest float64
	sum     float64 // of the transits since the last Second
	n       int
}

// Add takes an arrival, in order of arrival.
func (l *Live) Add(a Arrival) {
	if !l.started {
		l.started, l.first, l.seen = true, a, map[int64]struct{}{}
	}
	if _, ok := l.seen[a.Seq]; ok || a.Seq < l.from {
		return // a further copy, or one whose second is told already
	}
	l.seen[a.Seq] = struct{}{}
	transit := difference(a.Received, l.first.Received) - difference(a.Sent, l.first.Sent)
	l.jitter.add(transit)
	l.fastest = min(l.fastest, transit)
	l.sum += transit
	l.n++
}

// Second tells what became of the packets from the last call's sent up to this
// one's. Give it the number of packets that were sent some time ago, so that
// those still under way do not look lost.
func (l *Live) Second(sent int) Second {
	to := max(int64(sent), l.from)
	s := Second{Sent: int(to - l.from)}
	s.Lost = s.Sent
	for seq := range l.seen {
		if seq < to {
			s.Lost--
			delete(l.seen, seq)
		}
	}
	if l.n > 0 {
		s.Jitter = nanoseconds(l.jitter.j)
		s.Delay = nanoseconds(l.sum/float64(l.n) - l.fastest)
	}
	l.from, l.sum, l.n = to, 0, 0
	return s
}
