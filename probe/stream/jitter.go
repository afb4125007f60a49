package stream

import "math"

// jitterGain is the 1/16 of RFC 3550 6.4.1.
const jitterGain = 1.0 / 16

// estimator is the interarrival jitter of RFC 3550 6.4.1, in nanoseconds. It
// is fed in order of arrival with the first copy of each packet. The transit
// is taken as it is, with clock skew: 200 ppm add 4 us at 20 ms, and the figure
// stays the one that Wireshark shows.
type estimator struct {
	j       float64
	last    float64
	started bool
}

// add takes the next packet's transit and gives the jitter after it.
func (e *estimator) add(transit float64) float64 {
	if e.started {
		e.j += (math.Abs(transit-e.last) - e.j) * jitterGain
	}
	e.last, e.started = transit, true
	return e.j
}

// restart leaves out the change of transit to the next packet.
func (e *estimator) restart() { e.started = false }

// jitter is the mean over the packets after the first, as Wireshark averages,
// and the maximum. What the sender did in a pause is no jitter: those that are
// resumed with have nothing before them.
func jitter(arrived []packet, resumed map[int64]bool) (mean, largest float64) {
	var e estimator
	n := 0.0
	for _, p := range arrived {
		if resumed[p.seq] {
			e.restart()
		}
		first := !e.started
		j := e.add(p.transit)
		if first {
			continue
		}
		n++
		mean += (j - mean) / n // no sum that could overflow
		largest = max(largest, j)
	}
	return mean, largest
}
