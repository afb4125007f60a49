package stream

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"netready/internal/seed"
)

// places says where the odd packets of a stream are.
var places = map[string]func(n, k int, r *rand.Rand) []int{
	"first":     func(_, k int, _ *rand.Rand) []int { return stretch(0, k) },
	"last":      func(n, k int, _ *rand.Rand) []int { return stretch(n-k, k) },
	"in a row":  func(n, k int, r *rand.Rand) []int { return stretch(r.IntN(n-k), k) },
	"scattered": func(n, k int, r *rand.Rand) []int { return r.Perm(n)[:k] },
}

func stretch(from, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = from + i
	}
	return all
}

// paths of which no two neighbours differ by what an outlier does.
func steadyPath(r *rand.Rand) func(time.Duration, *rand.Rand) time.Duration {
	scatter := time.Duration(1+r.IntN(90)) * ms
	return [...]func(time.Duration, *rand.Rand) time.Duration{
		uniform(scatter),
		normal(400*ms, scatter/8),
		func(_ time.Duration, r *rand.Rand) time.Duration {
			return time.Duration(r.ExpFloat64() * float64(scatter) / 4)
		},
	}[r.IntN(3)]
}

// A few packets that overtook all others, or whose timestamps are odd, do not change the
// figures of all others: discards are those of the path without them, and each odd one is a
// discard at most.
func TestAnOutlierCostsItselfAlone(t *testing.T) {
	seed := seed.Of(t)
	for where, place := range places {
		for i := range uint64(25) {
			r := rand.New(rand.NewPCG(seed, i))
			n := 300 + r.IntN(2700)
			m := sim{seed: r.Uint64(), n: n, delay: steadyPath(r), offset: time.Hour, ppm: float64(r.IntN(3)-1) * 150}
			tr, _ := m.run()
			want := Measure(tr, 60*ms)
			// The estimate of the skew moves a little, is no longer sure, or is sure once in some
			// thousand streams where there is none: packets that this brings across the edge of
			// the buffer may change sides.
			drift := time.Duration(n) * 20 * ms * 150 / 1_000_000
			least, most := Measure(tr, 60*ms+drift).Discarded, Measure(tr, 60*ms-drift).Discarded
			// Under 1 %, and no crowd; a short stream may have five.
			k := 1 + r.IntN(max(min((n-1)/100, 14), min(5, n/20)))
			off := time.Duration(150+r.IntN(600)) * ms
			late := 0
			for _, at := range place(n, k, r) {
				a := &tr.Arrivals[slices.IndexFunc(tr.Arrivals, func(a Arrival) bool { return a.Seq == int64(at) })]
				if where == "scattered" && r.IntN(4) == 0 {
					a.Sent -= off // the timestamp is too low: the packet seems late
					late++
				} else {
					a.Sent += off
				}
			}
			got := Measure(tr, 60*ms)
			if got.Discarded < least-k || got.Discarded > most+late {
				t.Errorf("%s, run %d: %d of %d packets %v early: %d discards, %d to %d without them", where, i, k-late, n, off, got.Discarded, least, most)
			}
			if len(got.Shifts) != len(want.Shifts) {
				t.Errorf("%s, run %d: %d of %d packets %v early: shifts %v", where, i, k, n, off, got.Shifts)
			}
			if got.Received != want.Received || got.Lost != want.Lost {
				t.Errorf("%s, run %d: received %d, lost %d, want %d, %d", where, i, got.Received, got.Lost, want.Received, want.Lost)
			}
		}
	}
}

// A stream without an outlier has none: as its fastest packets were, they stay.
func TestNoOutliersOnSteadyPaths(t *testing.T) {
	seed := seed.Of(t)
	found := 0
	for i := range uint64(100) {
		tr, _ := randomSim(rand.New(rand.NewPCG(seed, i))).run()
		if arrived, _ := firstCopies(tr); len(newPath(arrived).early) > 0 {
			found++
		}
	}
	if found > 3 { // chance alone makes one in some hundred
		t.Errorf("outliers in %d of 100 streams that have none", found)
	}
}

// A path that gets longer while one early packet passes is still seen to shift.
func TestShiftBesideAnOutlier(t *testing.T) {
	for seed := range uint64(10) {
		tr, delays := sim{seed: seed, delay: stepped(20*ms, step{15 * sec, 90 * ms})}.run()
		tr.Arrivals[300].Sent += 200 * ms
		tr.Arrivals[1100].Sent += 150 * ms
		m := Measure(tr, 60*ms)
		if want := lateTruth(delays, 20*ms, 60*ms, 750); m.Discarded < want-3 || m.Discarded > want+1 {
			t.Errorf("seed %d: got %d discards, want %d", seed, m.Discarded, want)
		}
		if len(m.Shifts) != 1 || (m.Shifts[0].By-90*ms).Abs() > 2*ms {
			t.Errorf("seed %d: got shifts %v, want one of 90 ms", seed, m.Shifts)
		}
	}
}
