package path

import (
	"math"
	"time"
)

const (
	burst        = 2 * time.Second // a limiter gives a few answers at once before it begins
	enoughWindow = 5               // seconds of it, before it is believed
)

// limiter recognises a router that gives so many answers a second and no more,
// and returns how many; 0: it does not look so. Loss leaves now more and now
// fewer answers in a second; a limiter always the same number, and fewer than
// there were questions. Only questions that were sent before until count.
func limiter(asked []question, until time.Duration) (perSecond float64) {
	if len(asked) == 0 {
		return 0
	}
	first := asked[0].sent + burst
	whole := int((until - first) / time.Second)
	if whole < enoughWindow {
		return 0
	}
	questions, answers := make([]int, whole), make([]int, whole)
	for _, q := range asked {
		at := int(math.Floor(float64(q.sent-first) / float64(time.Second)))
		if q.sent == notSent || at < 0 || at >= whole {
			continue
		}
		questions[at]++
		if q.trip != nil {
			answers[at]++
		}
	}
	fewest, most, total := answers[0], answers[0], 0
	for i, n := range answers {
		fewest, most, total = min(fewest, n), max(most, n), total+n
		if n >= questions[i] {
			return 0
		}
	}
	if total == 0 || most-fewest > 1 {
		return 0
	}
	return float64(total) / float64(whole)
}
