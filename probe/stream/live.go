package stream

// Live keeps the figures of a stream that is still going on, one second after
// the other, each of the packets that were sent in it, as Seconds has them.
// They are provisional: Measure has the last word. The zero value is ready to
// use.
type Live struct {
	jitter  estimator
	waiting map[int64]livePacket // first copies, from the second under way on
	from    int64                // its first packet
	count   int                  // of first copies
	first   Arrival
	fastest float64
}

// livePacket is an arrival that waits for its second to be told.
type livePacket struct {
	order           int     // of arrival
	transit, jitter float64 // the latter after it, both in nanoseconds
}

// Add takes an arrival, in order of arrival.
func (l *Live) Add(a Arrival) {
	if l.count == 0 {
		l.first, l.waiting = a, map[int64]livePacket{}
	}
	if _, ok := l.waiting[a.Seq]; ok || a.Seq < l.from {
		return // a further copy, or one whose second is told already
	}
	l.count++
	transit := difference(a.Received, l.first.Received) - difference(a.Sent, l.first.Sent)
	l.waiting[a.Seq] = livePacket{l.count, transit, l.jitter.add(transit)}
	l.fastest = min(l.fastest, transit)
}

// Second tells what became of the packets from the last call's sent up to this
// one's. Give it the number of packets that were sent some time ago, so that
// those still under way do not look lost. Its jitter is the one after the last
// of them that arrived.
func (l *Live) Second(sent int) Second {
	to := max(int64(sent), l.from)
	s := Second{Sent: int(to - l.from)}
	var last livePacket
	var sum float64
	n := 0
	for seq, p := range l.waiting {
		if seq >= to {
			continue
		}
		delete(l.waiting, seq)
		sum += p.transit
		n++
		if p.order > last.order {
			last = p
		}
	}
	s.Lost = s.Sent - n
	if n > 0 {
		s.Jitter = nanoseconds(last.jitter)
		s.Delay = nanoseconds(sum/float64(n) - l.fastest)
	}
	l.from = to
	return s
}
