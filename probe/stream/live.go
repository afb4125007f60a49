package stream

// Live computes the figures of a stream while it runs, second by second, each of the
// packets that were sent in it, as Seconds does. They are provisional: Measure gives
// the final ones. The zero value is ready to use.
type Live struct {
	jitter  estimator
	waiting map[int64]livePacket // first copies of packets whose second is not reported yet
	from    int64                // the first packet of that second
	count   int                  // of first copies
	first   Arrival
	fastest float64
}

// livePacket is an arrival whose second is not reported yet.
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
		return // a further copy, or one whose second is reported already
	}
	l.count++
	k := packet{transit: difference(a.Received, l.first.Received) - difference(a.Sent, l.first.Sent), leeway: float64(max(0, a.Leeway))}
	if l.jitter.started {
		k.settle(l.jitter.last)
	}
	l.waiting[a.Seq] = livePacket{l.count, k.transit, l.jitter.add(k.transit)}
	l.fastest = min(l.fastest, k.transit)
}

// Second gives the figures of the packets from the sent of the last call up to this
// one. sent must be the number of packets sent until some time ago, so that packets
// in the network do not look lost. The jitter is the one after the last of them that
// arrived.
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
