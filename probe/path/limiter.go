package path

import (
	"math"
	"time"
)

const (
	burst        = 2 * time.Second // at first a router with a limit gives a few answers at once
	enoughWindow = 5               // seconds that are needed to recognise a limit
)

// limiter recognises a router that limits its answers, and returns how many it gives a
// second; 0: no limit is seen. With loss the number of answers varies from second to
// second; with a limit it is always the same, and smaller than that of the questions. Only
// questions that were sent before until count.
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
