package path

import (
	"math/rand/v2"
	"testing"
	"time"

	"netready/internal/seed"
)

// seriesOf is a question every so often for so long, at moments as a watch's; answered says
// whether the one that was sent at a time has an answer.
func seriesOf(random *rand.Rand, every, length time.Duration, answered func(at time.Duration) bool) []question {
	var all []question
	for at := time.Duration(0); at < length; at += every*9/10 + time.Duration(random.Int64N(int64(every/5))) {
		q := question{sent: at}
		if answered(at) {
			q.trip = new(time.Millisecond)
		}
		all = append(all, q)
	}
	return all
}

// recognised is the limit that a watch sees, which looks after each question.
func recognised(all []question) float64 {
	for i, q := range all {
		if limit := limiter(all[:i+1], q.sent); limit > 0 {
			return limit
		}
	}
	return 0
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
	random := rand.New(rand.NewPCG(seed.Of(t), 2))
	for _, c := range []struct {
		rate   float64
		burst  int
		within time.Duration
	}{{1, 6, 15 * time.Second}, {1, 1, 15 * time.Second}, {2, 2, 15 * time.Second}, {2, 1, 15 * time.Second}, {0.5, 1, 20 * time.Second}, {3, 3, 20 * time.Second}} {
		for range 50 {
			all := seriesOf(random, askEvery, c.within, bucket(c.rate, c.burst))
			given := 0.0 // with few tokens it is less than the rate
			for _, q := range all {
				if q.sent > burst && q.trip != nil {
					given += 1 / (c.within - burst).Seconds()
				}
			}
			if got := recognised(all); got < 0.7*given || got > 1.3*given {
				t.Errorf("%v answers a second, %d at once: recognised %v of %v", c.rate, c.burst, got, given)
			}
		}
	}
}

// Loss is random, or comes in spells, or is everything: none of it is a limiter.
func TestLossIsNoLimiter(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 1))
	for _, length := range []time.Duration{10 * time.Second, 30 * time.Second} {
		wrong, tries := 0, 0
		for _, loss := range []float64{0, 0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9} {
			for range 100 {
				tries++
				if recognised(seriesOf(random, askEvery, length, func(time.Duration) bool { return random.Float64() >= loss })) > 0 {
					wrong++
				}
			}
		}
		if wrong > tries/40 {
			t.Errorf("%d of %d lossy series of %v were taken for a limiter", wrong, tries, length)
		}
	}
	for name, answered := range map[string]func(time.Duration) bool{
		"outages": func(at time.Duration) bool { return at%(4*time.Second) < 2*time.Second },
		"silence": func(time.Duration) bool { return false },
	} {
		if got := recognised(seriesOf(random, askEvery, 30*time.Second, answered)); got > 0 {
			t.Errorf("%s were taken for a limiter of %v", name, got)
		}
	}
}
