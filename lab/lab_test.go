//go:build lab && linux

package lab

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"netready/internal/seed"
)

// runsVariable is how often every situation is tried, each time with other random numbers.
const runsVariable = "NETREADY_LAB_RUNS"

// alone is held by a situation that keeps all processors busy, and shared by all
// others.
var alone sync.RWMutex

// Every situation: the first finding names the true place, or says that it cannot tell.
// NETREADY_LAB=DIR keeps the results and adds up those that earlier runs left there;
// NETREADY_LAB_RUNS=5 tries each five times, NETREADY_SEED=new with new random numbers.
func TestLab(t *testing.T) {
	if len(situations) < 40 {
		t.Fatalf("%d situations", len(situations))
	}
	start, runs := seed.Of(t), runs(t)
	found := make(chan Outcome, runs*len(situations))
	t.Run("all", func(t *testing.T) {
		for n := range runs * len(situations) {
			s := situations[n%len(situations)]
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				found <- s.try(t, start+uint64(10*n))
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
	if ten, judged := 10*(n[Right]+n[CannotTell]), len(all)-n[Spoilt]; ten < 9*judged {
		t.Errorf("%d of %d right or an honest \"cannot tell\"", n[Right]+n[CannotTell], judged)
	}
}

func runs(t *testing.T) int {
	t.Helper()
	given := os.Getenv(runsVariable)
	if given == "" {
		return 1
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 || n > 100 {
		t.Fatalf("%s=%s: give a number from 1 to 100", runsVariable, given)
	}
	return n
}

// try runs a situation, and again if this machine itself spoilt the run: the last run is
// then the one that counts.
func (s Situation) try(t *testing.T, seed uint64) Outcome {
	t.Helper()
	if s.Burn > 0 {
		alone.Lock()
		defer alone.Unlock()
	} else {
		alone.RLock()
		defer alone.RUnlock()
	}
	o := s.outcome(t, seed)
	for n := uint64(1); o.Score == Spoilt && n < tries; n++ {
		o = s.outcome(t, seed+n)
	}
	b := o.json(t)
	keep(t, fmt.Sprintf("%s-%d.outcome", t.Name(), seed), b)
	if o.isNever() {
		t.Errorf("must never be said: %s: %s", o.Named, o.Text)
	}
	return o
}
