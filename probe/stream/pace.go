package stream

import (
	"math"
	"slices"
	"time"
)

// Due is when packet i of a stream leaves: start + i x ptime. It is computed
// from the start every time, so one late packet never delays the next.
func Due(start time.Duration, i int, ptime time.Duration) time.Duration {
	return start + time.Duration(i)*ptime
}

// Lateness sums up by how much packets left after they were due.
type Lateness struct {
	P50, P99, Max time.Duration
}

// LatenessOf sums up the lateness of every packet of a stream. A packet that
// left early counts as punctual. It is nil without packets.
func LatenessOf(late []time.Duration) *Lateness {
	if len(late) == 0 {
		return nil
	}
	sorted := slices.Clone(late)
	for i, l := range sorted {
		sorted[i] = max(l, 0)
	}
	slices.Sort(sorted)
	return &Lateness{
		P50: sorted[rank(0.50, len(sorted))],
		P99: sorted[rank(0.99, len(sorted))],
		Max: sorted[len(sorted)-1],
	}
}

// rank is the index of the q-quantile in n sorted values, by nearest rank: the
// smallest value that is not exceeded by a share q of all.
func rank(q float64, n int) int {
	return min(max(int(math.Ceil(q*float64(n)))-1, 0), n-1)
}
