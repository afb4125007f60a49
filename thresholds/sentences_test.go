package thresholds_test

import (
	"testing"

	"netready/probe"
	"netready/thresholds"
)

// "1 failed that may fail" and "Undetermined" were not understood.
func TestPlainSentences(t *testing.T) {
	var rows []probe.PortRow
	add := func(n int, status string, required bool) {
		for range n {
			rows = append(rows, probe.PortRow{Status: status, Required: required})
		}
	}
	add(4, probe.StatusPass, true)
	if got := thresholds.Blocked(rows) + thresholds.Unmeasured(rows) + thresholds.OptionalFailed(rows); got != "" {
		t.Errorf("nothing failed, got %q", got)
	}
	add(3, probe.StatusFail, true)
	add(6, probe.StatusFail, false)
	add(1, probe.StatusNotMeasured, true)
	add(2, probe.StatusNotMeasured, false)
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
	row := func(reason string) probe.PortRow {
		return probe.PortRow{Required: true, Status: probe.StatusFail, Reason: reason}
	}
	dns, silent := row(probe.ReasonDNS), row(probe.ReasonNoReply)
	for want, rows := range map[string][]probe.PortRow{
		"1 required name could not be resolved":                                     {dns},
		"2 required connections are blocked, 1 required name could not be resolved": {silent, dns, silent},
		"1 required connection is blocked":                                          {silent},
	} {
		if got := thresholds.Blocked(rows); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Only who stopped a run is told that he did: one that broke off is none.
func TestWhoStoppedTheRun(t *testing.T) {
	for _, test := range []struct {
		complete bool
		code     string
		want     bool
	}{{false, probe.CodeStopped, true}, {false, probe.CodeUnreachable, false}, {false, "", false}, {true, probe.CodeStopped, false}} {
		r := probe.Result{Complete: test.complete, NotMeasured: []probe.NotMeasured{{What: "run", Reason: "whatever", Code: test.code}}}
		if got := thresholds.IsStopped(r); got != test.want {
			t.Errorf("complete %v, code %q: got %v", test.complete, test.code, got)
		}
	}
}
