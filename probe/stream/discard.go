package stream

import "time"

// late says of each packet whether the jitter buffer could not use it: whether it
// took longer than the fastest packet of its part by more than the buffer holds.
// Outliers are never the fastest of a part, and never late. In the first shiftWindow
// after an upward shift the fastest packet is still that of the old part, since a
// phone needs that long to notice; it notices a downward shift at once.
func (p path) late(jitterBuffer time.Duration) []bool {
	late := make([]bool, len(p.packets))
	old := 0.0
	parts(len(p.packets), p.cuts, func(from, to int) {
		own := fastest(p.packets[from:to])
		start := p.packets[from].sent
		shifted := from > 0 && !p.paused(from)
		for i := from; i < to; i++ {
			k := p.packets[i]
			anchor := own
			if shifted && own > old && k.sent-start < shiftWindow {
				anchor = old
			}
			late[i] = k.transit-anchor > float64(jitterBuffer)
		}
		old = own
	})
	return late
}

// count is the number of those that are true.
func count(flags []bool) int {
	n := 0
	for _, f := range flags {
		if f {
			n++
		}
	}
	return n
}
