package thresholds_test

import (
	"testing"

	"netready/probe/facts"

	"netready/thresholds"
)

// "1 failed that may fail" and "Undetermined" were not understood.
func TestPlainSentences(t *testing.T) {
	var rows []facts.PortRow
	add := func(n int, status string, required bool) {
		for range n {
			rows = append(rows, facts.PortRow{Status: status, Required: required})
		}
	}
	add(4, facts.StatusPass, true)
	if got := thresholds.Blocked(rows) + thresholds.Unmeasured(rows) + thresholds.OptionalFailed(rows); got != "" {
		t.Errorf("nothing failed, got %q", got)
	}
	add(3, facts.StatusFail, true)
	add(6, facts.StatusFail, false)
	add(1, facts.StatusNotMeasured, true)
	add(2, facts.StatusNotMeasured, false)
	for got, want := range map[string]string{
		thresholds.Blocked(rows):              "3 required connections are blocked",
		thresholds.Unmeasured(rows):           "1 required connection was not measured",
		thresholds.OptionalFailed(rows):       "6 optional checks failed (no effect on the result)",
		thresholds.Undetermined.Title():       "No verdict yet",
		thresholds.Verdict("new one").Title(): "No verdict yet",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A name that was not resolved is no port that is closed.
func TestUnresolvedNamesAreNotBlocked(t *testing.T) {
	row := func(reason string) facts.PortRow {
		return facts.PortRow{Required: true, Status: facts.StatusFail, Reason: reason}
	}
	dns, silent := row(facts.ReasonDNS), row(facts.ReasonNoReply)
	for want, rows := range map[string][]facts.PortRow{
		"1 required name could not be resolved":                                     {dns},
		"2 required connections are blocked, 1 required name could not be resolved": {silent, dns, silent},
		"1 required connection is blocked":                                          {silent},
	} {
		if got := thresholds.Blocked(rows); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Only who stopped a run is told that he did: a run that broke off was not stopped.
func TestWhoStoppedTheRun(t *testing.T) {
	for _, test := range []struct {
		complete bool
		code     string
		want     bool
	}{{false, facts.CodeStopped, true}, {false, facts.CodeUnreachable, false}, {false, "", false}, {true, facts.CodeStopped, false}} {
		r := facts.Result{Complete: test.complete, NotMeasured: []facts.NotMeasured{{What: "run", Reason: "whatever", Code: test.code}}}
		if got := thresholds.IsStopped(r); got != test.want {
			t.Errorf("complete %v, code %q: got %v", test.complete, test.code, got)
		}
	}
}
