package stream

import (
	"math"
	"slices"
	"time"
)

// What is taken for clock skew. Crystals keep within 100 ppm, virtual machines
// within a few hundred; a queue fills faster than that. Slopes are nanoseconds
// per nanosecond.
const (
	maxSkew     = 500e-6
	minBend     = float64(time.Millisecond) // over the call: less is not removed
	minSkewSpan = float64(8 * time.Second)  // of a stream, to see any skew in it
	certain     = 5.0                       // standard errors from zero: removed
	tellable    = 25e-6                     // a standard error that is good enough to report
)

// skew is how a stream's transit grows for no other reason than that the two
// clocks run at different speeds.
type skew struct {
	ppm    *float64 // nil: cannot be told
	slope  float64  // to be removed, 0 if too small to matter
	origin float64  // the send stamp where nothing is removed
}

// removed gives the packets without the skew.
func (s skew) removed(packets []packet) []packet {
	if s.slope == 0 {
		return packets
	}
	level := slices.Clone(packets)
	for i := range level {
		level[i].transit -= s.slope * (level[i].sent - s.origin)
	}
	return level
}

// skewOf estimates the clock skew of a stream that is cut into parts: the
// common slope of their lower envelopes. How low is best to look depends on
// the path: the very fastest packets are steady where queues make the delay,
// and stray where it scatters to both sides. What strays least is taken.
func skewOf(packets []packet, cuts []int) skew {
	if len(packets) == 0 {
		return skew{}
	}
	origin, end := packets[0].sent, packets[len(packets)-1].sent
	if end-origin < minSkewSpan {
		return skew{}
	}
	best := fit{spread: math.Inf(1)}
	for _, quantile := range []float64{0, 0.05, 0.25} {
		if f := envelopeOf(packets, cuts, quantile).fit(); f.spread < best.spread {
			best = f
		}
	}
	sure := math.Abs(best.slope) >= certain*best.spread
	if math.Abs(best.slope) > maxSkew || !sure && best.spread > tellable {
		return skew{}
	}
	s := skew{ppm: new(best.slope * 1e6), origin: origin}
	if sure && math.Abs(best.slope)*(end-origin) >= minBend {
		s.slope = best.slope
	}
	return s
}
