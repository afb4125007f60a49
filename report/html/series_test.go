package html

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/thresholds"
)

// aDay is a good run, a bad one, one without a call, and none at all.
func aDay() report.Series {
	run := func(hour int, mos *float64, v thresholds.Verdict) report.SeriesRun {
		at := time.Date(2026, 3, 4, hour, 0, 0, 0, time.UTC)
		d := &facts.Direction{MOS: mos}
		r := &report.Report{Result: facts.Result{StartedAt: at, Organization: "A & <B>", Machine: facts.Machine{Hostname: "pc-1"}, Voice: facts.Voice{Up: d, Down: d}}, Verdict: v, Limits: thresholds.Default()}
		return report.SeriesRun{At: at, Report: r}
	}
	return report.Series{Runs: []report.SeriesRun{
		run(8, new(4.36), thresholds.Ready), run(9, new(2.1), thresholds.NotReady), run(10, nil, thresholds.Undetermined),
		{At: time.Date(2026, 3, 4, 11, 0, 0, 0, time.UTC), Reason: "the responder <cannot> be reached"},
	}}
}

// The day is one file: a bar a run, each said in words too, and nothing from elsewhere.
func TestSeriesIsOneFile(t *testing.T) {
	dir := t.TempDir()
	path, err := WriteSeriesFile(dir, aDay())
	if err != nil || filepath.Dir(path) != dir || !strings.HasSuffix(path, ".html") {
		t.Fatalf("%s, %v", path, err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, want := range []string{"09:00 to 09:15", "MOS 4.36", "MOS 2.1", "no run: the responder &lt;cannot&gt; be reached", "A &amp; &lt;B&gt;", `role="img"`, "line-limit"} {
		if want == "09:00 to 09:15" {
			want = aDay().WorstQuarter() // in this machine's zone
		}
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	if n := strings.Count(page, "<rect"); n != 4 {
		t.Errorf("%d bars, want 4", n)
	}
	for _, never := range []string{"<script", "http://", "https://", "src=", "href=", "NaN", "Inf"} {
		if strings.Contains(page, never) {
			t.Errorf("%q is in the page", never)
		}
	}
	drawing := page[strings.Index(page, "<svg"):strings.Index(page, "</svg>")] + "</svg>"
	for d := xml.NewDecoder(strings.NewReader(drawing)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the drawing: %v", err)
		}
	}
}

// A series without a run has no file, and one run alone is drawn.
func TestSeriesWithFewRuns(t *testing.T) {
	if path, err := WriteSeriesFile(t.TempDir(), report.Series{}); path != "" || err != nil {
		t.Errorf("%q, %v", path, err)
	}
	var b bytes.Buffer
	if err := Series(&b, report.Series{Runs: aDay().Runs[:1]}); err != nil || strings.Contains(b.String(), "NaN") || strings.Count(b.String(), "<rect") != 1 {
		t.Errorf("%v", err)
	}
}
