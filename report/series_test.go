package report

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"netready/thresholds"
)

// A day's runs of which one could not be made and one was bad.
func day() Series {
	var s Series
	start := time.Date(2026, 11, 26, 9, 0, 0, 0, time.Local)
	for i, mos := range []float64{4.3, 4.2, 3.1, 4.3} {
		r := sampleResult()
		r.StartedAt = start.Add(time.Duration(i) * 20 * time.Minute)
		up, down := *r.Voice.Up, *r.Voice.Down
		r.Firewall, down.MOS, r.Voice.Up, r.Voice.Down = r.Firewall[:1], &mos, &up, &down
		rep := New(r, thresholds.Default())
		s.Runs = append(s.Runs, SeriesRun{At: r.StartedAt, Report: &rep})
	}
	s.Runs = append(s.Runs, SeriesRun{At: start.Add(80 * time.Minute), Reason: "the responder\tcannot be reached"})
	return s
}

func TestSeriesNamesItsWorstQuarter(t *testing.T) {
	s := day()
	const want = "2026-11-26 09:30 to 09:45: Not ready, MOS 4.28 up, 3.1 down"
	if got := s.WorstQuarter(); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var text, terminal bytes.Buffer
	if err := WriteSeries(&text, s); err != nil {
		t.Fatal(err)
	}
	if err := TerminalSeries(&terminal, s); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"TXT": text.String(), "terminal": terminal.String()} {
		if !strings.Contains(got, want) || !strings.Contains(got, "cannot be reached") || strings.Count(got, "█") == 0 {
			t.Errorf("%s:\n%s", name, got)
		}
	}
	if lines := strings.Split(text.String(), "\r\n"); len(lines) != 14 {
		t.Errorf("%d lines:\n%s", len(lines), text.String())
	}
	if got := (Series{Runs: s.Runs[4:]}).WorstQuarter(); got != "" {
		t.Errorf("of no run: %q", got)
	}
}

// The file of a series has one name from its first run on, and no result's.
func TestSeriesFileIsReplaced(t *testing.T) {
	dir, s := t.TempDir(), day()
	for n := 1; n <= len(s.Runs); n++ {
		if _, err := WriteSeriesFile(dir, Series{Runs: s.Runs[:n]}); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || !strings.HasPrefix(entries[0].Name(), SeriesPrefix) {
		t.Errorf("got %v, %v", entries, err)
	}
	if name, err := WriteSeriesFile(t.TempDir(), Series{Runs: s.Runs[4:]}); name != "" || err != nil {
		t.Errorf("without a run: %q, %v", name, err)
	}
}

// A bar has a place for every MOS, and never more than there is.
func TestBar(t *testing.T) {
	for mos, want := range map[float64]int{-1: 1, 1: 1, 2.75: barWidth / 2, 4.5: barWidth, 9: barWidth} {
		if got := strings.Count(bar(&mos), "█"); got != want {
			t.Errorf("MOS %g: %d, want %d", mos, got, want)
		}
	}
}
