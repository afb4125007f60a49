package path

import (
	"time"

	"gonum.org/v1/gonum/mathext"
)

const (
	burst        = 2 * time.Second // at first a router with a limit gives a few answers at once
	enoughWindow = 5 * time.Second // that is needed to recognise a limit
	// tooEven is how rarely loss by chance may look like a limit: in this share of series.
	// They are looked at after each question, so that of long ones it is some 20 times more.
	tooEven = 0.001
	// mostGiven is the share of answers above which there is no limit that matters.
	mostGiven = 0.8
)

// limiter recognises a router that limits its answers, and returns how many it gives a
// second; 0: no limit is seen. Only questions that were sent before until count.
func limiter(asked []question, until time.Duration) (perSecond float64) {
	if len(asked) == 0 {
		return 0
	}
	first := asked[0].sent + burst
	if until-first < enoughWindow {
		return 0
	}
	var answered []bool
	answers := 0
	for _, q := range asked {
		if q.sent == notSent || q.sent < first || q.sent >= until {
			continue
		}
		answered = append(answered, q.trip != nil)
		if q.trip != nil {
			answers++
		}
	}
	isRare := answers*2 <= len(answered)
	if float64(answers) > mostGiven*float64(len(answered)) || evenness(answered, isRare) > tooEven {
		return 0
	}
	return float64(answers) / (until - first).Seconds()
}

// evenness is the chance that a value comes as evenly in a series of independent ones as it
// does, or more so. The distances from one to the next are then geometric, with the
// variance (1-p)/p² about 1/p; those of a router that gives an answer every so often differ
// by one or two. Whole seconds would tell less: an answer at the edge of one counts in
// either. The sum of squares is taken for chi-squared, which is near enough in that tail
// (TestLossIsNoLimiter). 1: there are too few.
func evenness(series []bool, value bool) float64 {
	var distances []float64
	last, sum := -1, 0.0
	for i, v := range series {
		if v != value {
			continue
		}
		if last >= 0 {
			distances = append(distances, float64(i-last))
			sum += float64(i - last)
		}
		last = i
	}
	n := float64(len(distances))
	if n < 2 {
		return 1
	}
	mean, squares := sum/n, 0.0
	if mean == 1 {
		return 1 // the series is of one value
	}
	for _, d := range distances {
		squares += (d - mean) * (d - mean)
	}
	return mathext.GammaIncReg((n-1)/2, squares/(mean*(mean-1))/2)
}
