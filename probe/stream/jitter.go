package stream

import "math"

// jitterGain is the 1/16 of RFC 3550 6.4.1.
const jitterGain = 1.0 / 16

// estimator is the interarrival jitter of RFC 3550 6.4.1, in nanoseconds. It takes
// the first copy of each packet in order of arrival. The transit includes the clock
// skew, so that the figure is the one that Wireshark shows: 200 ppm add 4 us at 20 ms.
type estimator struct {
	j       float64
	last    float64
	stretch int // of the last packet
	started bool
}

// add takes the transit of the next packet and returns the jitter after it.
func (e *estimator) add(transit float64) float64 {
	if e.started {
		e.j += (math.Abs(transit-e.last) - e.j) * jitterGain
	}
	e.last, e.started = transit, true
	return e.j
}

// after takes the next packet and returns the jitter after it. A pause of the sender
// is not jitter: the first packet after a pause is compared with none before it if
// its transit shows the pause.
func (e *estimator) after(k packet, p path) (j float64, counts bool) {
	stretch := p.stretch(k)
	counts = e.started && (stretch == e.stretch || math.Abs(k.transit-e.last) < minShift)
	e.started, e.stretch = counts, stretch
	return e.add(k.transit), counts
}

// jitter is the mean over the packets after the first, as Wireshark averages,
// and the maximum.
func jitter(arrived []packet, p path) (mean, largest float64) {
	var e estimator
	n := 0.0
	for _, k := range arrived {
		j, counts := e.after(k, p)
		if !counts {
			continue
		}
		n++
		mean += (j - mean) / n // no sum that could overflow
		largest = max(largest, j)
	}
	return mean, largest
}
