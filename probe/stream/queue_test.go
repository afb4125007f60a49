package stream

import (
	"math/rand/v2"
	"testing"
	"time"

	"netready/internal/seed"
)

// queue fills within some time, stays full and drains.
type queue struct{ at, fill, full, drain, depth time.Duration }

func (q queue) delay(at time.Duration) time.Duration {
	since := at - q.at
	share := func(d, of time.Duration) time.Duration {
		return time.Duration(float64(q.depth) * float64(d) / float64(of))
	}
	switch {
	case since < 0:
		return 0
	case since < q.fill:
		return share(since, q.fill)
	case since < q.fill+q.full:
		return q.depth
	case since < q.fill+q.full+q.drain:
		return q.depth - share(since-q.fill-q.full, q.drain)
	}
	return 0
}

// Queues that fill and drain, at once or slowly, several times, are not a change of the
// path, and their packets are late. They take less than half of the call: with more, a
// level that returns cannot be distinguished from one that the clocks cause.
func TestQueuesThatDrainAreNoShift(t *testing.T) {
	seed := seed.Of(t)
	for i := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, i))
		upTo := func(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }
		var all []queue
		at := sec + upTo(6*sec)
		for range 1 + r.IntN(4) {
			q := queue{at: at, full: 2*sec + upTo(10*sec), depth: 25*ms + upTo(200*ms)}
			if r.IntN(2) == 0 {
				q.fill = upTo(4 * sec)
			}
			if r.IntN(2) == 0 {
				q.drain = upTo(4 * sec)
			}
			all = append(all, q)
			at += 2*(q.fill+q.full+q.drain) + 3*sec + upTo(6*sec)
		}
		scatter := time.Duration(1+r.IntN(15)) * ms
		tr, delays := sim{seed: r.Uint64(), n: int(at / (20 * ms)), delay: func(s time.Duration, r *rand.Rand) time.Duration {
			d := time.Duration(r.Int64N(int64(scatter)))
			for _, q := range all {
				d += q.delay(s)
			}
			return d
		}}.run()
		m := Measure(tr, 60*ms)
		if len(m.Shifts) > 0 {
			t.Errorf("run %d: shifts %v of queues %v", i, m.Shifts, all)
		}
		if want := lateTruth(delays, 20*ms, 60*ms); m.Discarded != want {
			t.Errorf("run %d: got %d discards, want %d, queues %v", i, m.Discarded, want, all)
		}
	}
}

// A path that gets longer or shorter and stays so is told with its time and
// size, whatever queue came and went before.
func TestShiftsThatStayBesideQueues(t *testing.T) {
	seed := seed.Of(t)
	for i := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, i))
		q := queue{at: 4 * sec, full: 6 * sec, depth: 120 * ms}
		by := time.Duration(25+r.IntN(100)) * ms * time.Duration(1-2*r.IntN(2))
		tr, _ := sim{seed: r.Uint64(), n: 2000, delay: func(s time.Duration, r *rand.Rand) time.Duration {
			d := 150*ms + time.Duration(r.Int64N(int64(5*ms))) + q.delay(s)
			if s >= 25*sec {
				d += by
			}
			return d
		}}.run()
		m := Measure(tr, 60*ms)
		if len(m.Shifts) != 1 || (m.Shifts[0].By-by).Abs() > 6*ms || (m.Shifts[0].At-25*sec).Abs() > sec/2 {
			t.Errorf("run %d: got shifts %v, want one of %v at 25s", i, m.Shifts, by)
		}
	}
}
