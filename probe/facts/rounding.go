package facts

import (
	"math"
	"time"
)

// MS is a duration in milliseconds, not rounded.
func MS(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Round keeps three decimals, as every figure of a Result has them.
func Round(x float64) float64 { return math.Round(x*1000) / 1000 }

// Rounded is Round of a figure that may be nil, "not measured". What is no
// number is not measured either.
func Rounded(x *float64) *float64 {
	if x == nil || math.IsNaN(*x) || math.IsInf(*x, 0) {
		return nil
	}
	return new(Round(*x))
}

// Percent is a share of 1 in percent, rounded; nil stays nil.
func Percent(share *float64) *float64 {
	if share == nil {
		return nil
	}
	return new(Round(100 * *share))
}

// Milliseconds is a duration in milliseconds, rounded; nil stays nil.
func Milliseconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	return new(Round(MS(*d)))
}
