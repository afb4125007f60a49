package stream

import "time"

// A RoundTrip is one answered question.
type RoundTrip struct {
	At  time.Duration // when it was asked, on the clock of whoever measures
	RTT time.Duration
}

// MeanRTT is the mean of the round trips that were asked from from on and
// before to; nil without any.
func MeanRTT(trips []RoundTrip, from, to time.Duration) *time.Duration {
	var sum time.Duration
	n := 0
	for _, t := range trips {
		if t.At >= from && t.At < to {
			sum += t.RTT
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return new(sum / time.Duration(n))
}
