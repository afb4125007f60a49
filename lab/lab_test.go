//go:build lab && linux

package lab

import (
	"fmt"
	"testing"

	"netready/internal/seed"
)

// Every situation: the first finding names the true place, or says that it
// cannot tell. NETREADY_LAB=DIR keeps the results and adds up what earlier runs
// left there; -count 5 with NETREADY_SEED=new repeats them with other luck.
func TestLab(t *testing.T) {
	if len(situations) < 40 {
		t.Fatalf("%d situations", len(situations))
	}
	start := seed.Of(t)
	found := make(chan Outcome, len(situations))
	t.Run("all", func(t *testing.T) {
		for i, s := range situations {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				o := s.outcome(t, start+uint64(10*i))
				found <- o
				if o.isNever() {
					t.Errorf("must never be said: %s: %s", o.Named, o.Text)
				}
			})
		}
	})
	close(found)
	var all []Outcome
	for o := range found {
		all = append(all, o)
	}
	if kept := outcomes(t); len(kept) > 0 {
		all = kept
	}
	n := sum(all)
	fmt.Printf("%s\n%s\n%v\n", table(all), matrix(all), n)
	if ten := 10 * (n[Right] + n[CannotTell]); ten < 9*len(all) {
		t.Errorf("%d of %d right or an honest \"cannot tell\"", n[Right]+n[CannotTell], len(all))
	}
}
