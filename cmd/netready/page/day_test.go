package page

import (
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/thresholds"
)

// A machine that was tested several times on one day has the graph of that day below each
// of its results; other machines, days and places have no part in it.
func TestDayBelowAResult(t *testing.T) {
	dir := t.TempDir()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.Local)
	for i, run := range []struct {
		host, region string
		at           time.Time
		mos          float64
	}{
		{"DESK-7", "eu", noon, 4.1},
		{"DESK-7", "eu", noon.Add(15 * time.Minute), 2.2},
		{"DESK-7", "eu", noon.Add(30 * time.Minute), 4.3},
		{"DESK-8", "eu", noon, 1.2},
		{"DESK-8", "eu", noon.Add(time.Minute), 1.2},
		{"DESK-7", "us", noon, 1.3},
		{"DESK-7", "eu", noon.Add(-24 * time.Hour), 1.4},
	} {
		r := facts.Result{Schema: 1, RunID: ulid(int64(i)), StartedAt: run.at.UTC(), Complete: true}
		r.Machine.Hostname, r.Region.ID = run.host, run.region
		r.Voice.Up, r.Voice.Down = &facts.Direction{MOS: &run.mos}, &facts.Direction{MOS: new(4.3)}
		if err := save(dir, report.Report{Result: r, Limits: thresholds.Default(), Verdict: thresholds.Ready}); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, Config{Dir: dir})
	view := func(n int64) string {
		_, text := request{method: "GET", path: "/api/results/" + ulid(n) + "/view"}.do(t, s)
		return text
	}
	day := view(1)
	for _, want := range []string{"The day of", "12:00: Ready, MOS 4.1", "12:15: Ready, MOS 2.2", "12:30: Ready, MOS 4.3", "3 runs from"} {
		if !strings.Contains(day, want) {
			t.Errorf("the day does not say %q", want)
		}
	}
	for _, other := range []string{"MOS 1.2", "MOS 1.3", "MOS 1.4"} {
		if strings.Contains(day, other) {
			t.Errorf("the day has another's run: %s", other)
		}
	}
	if strings.Contains(view(3), "The day of") || strings.Contains(view(5), "The day of") {
		t.Error("too few runs make a day")
	}
}
