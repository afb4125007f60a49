package stream

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// What counts as clock skew. Crystals stay within 100 ppm, virtual machines within a
// few hundred; a queue fills faster. Slopes are nanoseconds per nanosecond.
const (
	maxSkew     = 500e-6
	minBend     = float64(time.Millisecond) // skew over the call: less is not removed
	minSkewSpan = float64(8 * time.Second)  // of a stream, to see any skew in it
	certain     = 5.0                       // standard errors from zero: such a slope is removed
	tellable    = 25e-6                     // a standard error that is good enough to report
)

// skew is how a stream's transit grows only because the two clocks run at different
// speeds.
type skew struct {
	ppm    *float64 // nil: not known
	reason string   // why not
	slope  float64  // to be removed, 0 if too small to matter
	origin float64  // the send stamp where nothing is removed
}

// removed is the packets without the skew.
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

// skewOf estimates the clock skew of a stream that is cut into parts: the common
// slope of their lower envelopes. Which quantile is best depends on the path: the
// fastest packets vary little where queues cause the delay, and vary much where the
// delay varies in both directions. The envelope that varies least is used.
func skewOf(packets []packet, cuts []int) skew {
	if len(packets) == 0 {
		return skew{reason: "nothing arrived"}
	}
	origin, end := packets[0].sent, packets[len(packets)-1].sent
	if end-origin < minSkewSpan {
		return skew{reason: fmt.Sprintf("how fast the two clocks run shows only over %g s and more of packets", minSkewSpan/float64(time.Second))}
	}
	best := fit{spread: math.Inf(1)}
	for _, quantile := range []float64{0, 0.05, 0.25} {
		if f := envelopeOf(packets, cuts, quantile).fit(); f.spread < best.spread {
			best = f
		}
	}
	sure := math.Abs(best.slope) >= certain*best.spread
	switch {
	case math.IsInf(best.spread, 1):
		return skew{reason: "too few packets arrived to tell how fast the two clocks run"}
	case math.Abs(best.slope) > maxSkew:
		return skew{reason: "the delay changes faster than two clocks ever drift apart, so that queues hide how fast the clocks run"}
	case !sure && best.spread > tellable:
		return skew{reason: "the delay varied too much to tell how fast the two clocks run"}
	}
	s := skew{ppm: new(best.slope * 1e6), origin: origin}
	if sure && math.Abs(best.slope)*(end-origin) >= minBend {
		s.slope = best.slope
	}
	return s
}
