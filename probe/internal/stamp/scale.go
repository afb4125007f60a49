package stamp

import (
	"math/bits"
	"time"
)

// scale converts ticks of a counter into time. It calculates with 128 bits: ticks x 1e9
// overflows after minutes, and 1e9 / frequency is 0 above 1 GHz.
func scale(ticks, frequency uint64) time.Duration {
	hi, lo := bits.Mul64(ticks, uint64(time.Second))
	ns, _ := bits.Div64(hi%frequency, lo, frequency)
	return time.Duration(ns)
}
