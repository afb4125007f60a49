package path

import (
	"math/rand/v2"
	"testing"
	"time"

	"netready/internal/seed"
)

// series is a question every so often for so long; answered says whether the
// one that was sent at a time has an answer.
func seriesOf(every, length time.Duration, answered func(at time.Duration) bool) []question {
	var all []question
	for at := time.Duration(0); at < length; at += every {
		q := question{sent: at}
		if answered(at) {
			q.trip = new(time.Millisecond)
		}
		all = append(all, q)
	}
	return all
}

// bucket answers from a token bucket, as routers do.
func bucket(rate float64, burst int) func(time.Duration) bool {
	tokens, last := float64(burst), time.Duration(0)
	return func(at time.Duration) bool {
		tokens, last = min(tokens+rate*(at-last).Seconds(), float64(burst)), at
		if tokens < 1 {
			return false
		}
		tokens--
		return true
	}
}

func TestLimiterIsRecognised(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		burst int
	}{{1, 6}, {1, 1}, {2, 2}, {2, 1}, {0.5, 1}, {3, 3}} {
		got := limiter(seriesOf(askEvery, 20*time.Second, bucket(c.rate, c.burst)), 20*time.Second)
		if got < 0.7*c.rate || got > 1.3*c.rate {
			t.Errorf("%v answers a second, %d at once: recognised %v", c.rate, c.burst, got)
		}
	}
}

// Loss is random, or comes in spells, or is everything: none of it is a limiter.
func TestLossIsNoLimiter(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 1))
	wrong, tries := 0, 0
	for _, loss := range []float64{0, 0.02, 0.05, 0.1, 0.3, 0.5, 0.7} {
		for range 100 {
			tries++
			if limiter(seriesOf(askEvery, 30*time.Second, func(time.Duration) bool { return random.Float64() >= loss }), 30*time.Second) > 0 {
				wrong++
			}
		}
	}
	if wrong > tries/100 {
		t.Errorf("%d of %d lossy series were taken for a limiter", wrong, tries)
	}
	outage := func(at time.Duration) bool { return at%(4*time.Second) < 2*time.Second }
	if got := limiter(seriesOf(askEvery, 30*time.Second, outage), 30*time.Second); got > 0 {
		t.Errorf("outages were taken for a limiter of %v", got)
	}
	if got := limiter(seriesOf(askEvery, 30*time.Second, func(time.Duration) bool { return false }), 30*time.Second); got > 0 {
		t.Errorf("silence was taken for a limiter of %v", got)
	}
}
