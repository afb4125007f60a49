package thresholds

import (
	"strings"
	"testing"

	"netready/probe/facts"
)

// severalCalls are good ones, of which the first is the reported one.
func severalCalls(n int) facts.Result {
	r := goodResult()
	r.Voice.Calls = n
	r.Voice.PerCall = []facts.CallPair{{Up: r.Voice.Up, Down: r.Voice.Down}}
	for range n - 1 {
		r.Voice.PerCall = append(r.Voice.PerCall, facts.CallPair{Up: goodDirection(), Down: goodDirection()})
	}
	return r
}

// The reported call has the lowest MOS; another one may still break a limit, or be unknown,
// and was not mentioned.
func TestCallBesideTheReportedOne(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*facts.Result)
		want   Verdict
		what   string // of the one finding about a call, "" for none
		text   string
	}{
		{"all good", func(*facts.Result) {}, Ready, "", ""},
		{"jitter of another call", func(r *facts.Result) { r.Voice.PerCall[2].Down.JitterMS = new(45.0) }, NotReady, "call_jitter_down", "of call 3 of 3 is 45 ms"},
		{"jitter of another call not measured", func(r *facts.Result) { r.Voice.PerCall[1].Up.JitterMS = nil }, Undetermined, "call_jitter_up", "of call 2 of 3 was not measured"},
		{"a call without a way down", func(r *facts.Result) {
			r.Voice.PerCall[1].Down = nil
			r.NotMeasured = append(r.NotMeasured, facts.NotMeasured{What: "voice.per_call[1].down", Reason: "its answers did not arrive"})
		}, Undetermined, "call_down", "1 of 3 calls could not be measured in the direction down; call 2: its answers did not arrive"},
		{"said once where the reported call fails itself", func(r *facts.Result) {
			r.Voice.Up.LossPercent, r.Voice.PerCall[1].Up.LossPercent = new(9.0), new(5.0)
		}, NotReady, "", ""},
		{"said once where the reported call lacks the way itself", func(r *facts.Result) {
			r.Voice.Down, r.Voice.PerCall[0].Down, r.Voice.PerCall[1].Down = nil, nil, nil
		}, Undetermined, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := severalCalls(3)
			test.change(&r)
			findings := Default().Judge(r)
			if got := VerdictOf(r, findings); got != test.want {
				t.Errorf("verdict %s, want %s", got, test.want)
			}
			var got []Finding
			for _, f := range findings {
				if strings.HasPrefix(f.What, "call_") {
					got = append(got, f)
				}
			}
			switch {
			case test.what == "" && len(got) == 0:
			case len(got) != 1 || got[0].What != test.what || !strings.Contains(got[0].Text, test.text):
				t.Errorf("findings about single calls: %+v, want one of %q with %q", got, test.what, test.text)
			}
		})
	}
}
