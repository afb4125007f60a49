package probe

import (
	"errors"
	"testing"

	"netready/probe/call"
	"netready/probe/facts"
)

// On a full line the responder's last report came late, and the calls that broke the
// limits were "at least" the number of good ones.
func TestALateReportHidesNoBrokenLimit(t *testing.T) {
	late := &call.Outcome{Reason: "the responder's last report did not come"}
	whole := facts.Voice{PerCall: []facts.CallPair{{Up: &facts.Direction{}, Down: &facts.Direction{}}}}
	busy := facts.Voice{PerCall: []facts.CallPair{{Up: &facts.Direction{Unreliable: []facts.Unreliable{{Text: "busy"}}}, Down: &facts.Direction{}}}}
	for name, c := range map[string]struct {
		v      facts.Voice
		o      *call.Outcome
		breaks []facts.Broken
		err    bool
	}{
		"broken":                    {whole, late, []facts.Broken{{What: "loss_down"}}, false},
		"not known":                 {whole, late, nil, true},
		"kept":                      {whole, &call.Outcome{Complete: true}, nil, false},
		"broken by a busy machine":  {busy, late, []facts.Broken{{What: "loss_down"}}, true},
		"a way that carried no one": {facts.Voice{PerCall: []facts.CallPair{{Up: &facts.Direction{}}}}, late, []facts.Broken{{What: "loss_up"}}, true},
	} {
		r := &run{plan: Plan{Breaks: func(facts.Voice) []facts.Broken { return c.breaks }}}
		broken, err := r.brokenBy(c.v, c.o)
		if (err != nil) != c.err || err == nil && len(broken) != len(c.breaks) {
			t.Errorf("%s: %v, %v", name, broken, err)
		}
	}
}

func TestMostThatHold(t *testing.T) {
	for _, c := range []struct{ most, room, steps int }{
		{1, 0, 1}, {1, 1, 1}, {1, 9, 1}, {2, 1, 2}, {2, 2, 2}, {8, 8, 4}, {10, 10, 5}, {10, 0, 1}, {12, 5, 6}, {200, 200, 9}, {200, 199, 16}, {200, 11, 8}, {64, 63, 12},
	} {
		tried := 0
		good, err := mostThatHold(c.most, func(calls int) (bool, error) {
			tried++
			if calls < 1 || calls > c.most {
				t.Fatalf("%+v: %d calls were tried", c, calls)
			}
			return calls <= c.room, nil
		})
		if want := min(c.most, c.room); err != nil || good != want || tried > c.steps {
			t.Errorf("%+v: %d good after %d steps (%v), want %d after %d at most", c, good, tried, err, want, c.steps)
		}
	}
}

func TestMostThatHoldKeepsWhatItKnows(t *testing.T) {
	full := errors.New("the responder is full")
	good, err := mostThatHold(100, func(calls int) (bool, error) {
		if calls > 8 {
			return false, full
		}
		return true, nil
	})
	if good != 8 || !errors.Is(err, full) {
		t.Errorf("%d, %v; want 8, and that the responder is full", good, err)
	}
}
