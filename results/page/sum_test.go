package page

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/results/store"
	"netready/thresholds"
)

// rows are n of a day, each of a machine of its own beyond the first thousand.
func rows(n int, r *rand.Rand) iter.Seq2[store.Row, error] {
	start := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	return func(yield func(store.Row, error) bool) {
		for i := range n {
			row := store.Row{
				Stored:  store.Stored{Key: fmt.Sprintf("v1/%08d", i), Org: "ACME", Started: start.Add(time.Duration(r.Int64N(int64(24 * time.Hour)))).Truncate(time.Minute)},
				Machine: fmt.Sprintf("pc-%d", i%1000), Location: fmt.Sprintf("hall %d", i%40), MOSUp: new(4 + r.Float64()/3),
				Verdict: []thresholds.Verdict{thresholds.Ready, thresholds.NotReady, thresholds.Undetermined}[r.IntN(3)],
			}
			if i%2 == 1 {
				row.Machine = fmt.Sprintf("other-%d", i)
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// What is kept of a day is bounded, and what it could not tell apart is counted.
func TestSumIsBounded(t *testing.T) {
	const n = 100_000
	s, err := sumUp(rows(n, rand.New(rand.NewPCG(seed.Of(t), 1))), asked{})
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, g := range s.machines.all {
		kept += g.Runs
	}
	if len(s.machines.all) != mostGroups || kept+s.machines.Missed != n || s.Runs != n || s.Ready+s.NotReady+s.Undetermined != n || cap(s.list) > 4*pageRuns+8 {
		t.Errorf("%d machines with %d runs, %d missed; %d in the list", len(s.machines.all), kept, s.machines.Missed, cap(s.list))
	}
}

// The pages of the list have every run once, the newest first, whatever the order in
// which the store gives them and however many began at the same moment.
func TestListGoesOn(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 2))
	var all []store.Row
	for row := range rows(1234, r) {
		all = append(all, row)
	}
	given := func(yield func(store.Row, error) bool) {
		for _, i := range r.Perm(len(all)) {
			if !yield(all[i], nil) {
				return
			}
		}
	}
	var seen []store.Row
	for at, more := (asked{}), true; more && len(seen) <= len(all); {
		s, err := sumUp(given, at)
		if err != nil || s.matching != len(all) {
			t.Fatal(s.matching, err)
		}
		seen, more = append(seen, s.list...), s.more
		at.before = markOf(s.list[len(s.list)-1])
		if again, err := parseMark(at.before.String()); err != nil || again != at.before {
			t.Fatalf("%v is read back as %v, %v", at.before, again, err)
		}
	}
	keys := map[string]bool{}
	for _, row := range seen {
		keys[row.Key] = true
	}
	if len(seen) != len(all) || len(keys) != len(all) || !slices.IsSortedFunc(seen, func(a, b store.Row) int { return b.Started.Compare(a.Started) }) {
		t.Errorf("%d runs in the list, %d of them once, of %d", len(seen), len(keys), len(all))
	}
}
