package stream

import "time"

// PacketTime is the packet time of a test call with any codec, as most phones use it,
// and of a trace that does not give its own.
const PacketTime = 20 * time.Millisecond

// Seconds cuts a stream into seconds of sending, for graphs.
func Seconds(t Trace, jitterBuffer time.Duration) []Second {
	if t.Sent <= 0 {
		return nil
	}
	if t.PacketTime <= 0 {
		t.PacketTime = PacketTime
	}
	of := func(seq int64) int { return int(time.Duration(seq) * t.PacketTime / time.Second) }
	seconds := make([]Second, of(int64(t.Sent)-1)+1)
	for seq := range t.Sent {
		if !t.isLate(int64(seq)) {
			seconds[of(int64(seq))].Sent++
		}
	}
	for i := range seconds {
		seconds[i].Lost = seconds[i].Sent
	}
	arrived, _ := firstCopies(t.onTime())
	p := newPath(arrived)
	var e estimator
	for _, k := range arrived {
		s := &seconds[of(k.seq)]
		s.Lost--
		j, _ := e.after(k, p)
		s.Jitter = nanoseconds(j)
	}
	for i, late := range p.late(jitterBuffer) {
		if late {
			seconds[of(p.packets[i].seq)].Discarded++
		}
	}
	delays(seconds, p, of)
	return seconds
}

// delays fills in each second's mean transit above the fastest packet's.
func delays(seconds []Second, p path, of func(seq int64) int) {
	sum, n := make([]float64, len(seconds)), make([]float64, len(seconds))
	p.above(func(k packet, delay float64) {
		s := of(k.seq)
		n[s]++
		sum[s] += delay
	})
	for s := range seconds {
		if n[s] > 0 {
			seconds[s].Delay = nanoseconds(sum[s] / n[s])
		}
	}
}
