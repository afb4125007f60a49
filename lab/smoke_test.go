//go:build (lab || system) && linux

package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"testing"

	"netready/internal/seed"
)

// outcome runs a situation and scores what the program says.
func (s Situation) outcome(t *testing.T, seed uint64) Outcome {
	t.Helper()
	here := watchMachine()
	r := s.assess(t, seed)
	f := r.said()
	points, named := s.score(r)
	if s.isSpoilt(r) && here.wasBusy() {
		points = Spoilt
	}
	o := Outcome{s.Name, s.Place, named, points, r.Verdict, cmp.Or(f.Cause, f.Code, f.What), f.Text, seed}
	fmt.Printf("%-24s %-9s %-13s %-12s %-18s %s: %s\n", o.Situation, o.Place, o.Score, o.Named, o.Code, o.Verdict, o.Text)
	return o
}

func (o Outcome) json(t *testing.T) []byte {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The laboratory works: its clean way is ready, and losses of its LAN are seen.
func TestLaboratoryPlantsWhatItSays(t *testing.T) {
	start := seed.Of(t)
	for _, name := range []string{"clean-wire", "lan-loss-up-8"} {
		for _, s := range situations {
			if s.Name != name {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := s.assess(t, start)
				up := r.Voice.Up
				if up == nil || up.LossPercent == nil || (*up.LossPercent > 1) != (s.Place == LAN) {
					t.Errorf("up %+v, not measured %+v", up, r.NotMeasured)
				}
			})
		}
	}
}
