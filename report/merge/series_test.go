package merge

import (
	"bytes"
	"path/filepath"
	"testing"

	"netready/report"
)

// The table of a series lies in the folder, or the archive, of its runs and is
// none of them: nothing is left out.
func TestSeriesTableIsLeftAlone(t *testing.T) {
	run := corpusRun(1)
	var table bytes.Buffer
	if err := report.WriteSeries(&table, report.Series{Runs: []report.SeriesRun{{At: run.StartedAt, Report: &run}}}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, filepath.Join(dir, "runs", "a.json"), jsonOf(t, run))
	put(t, filepath.Join(dir, "runs", report.SeriesPrefix+"a.txt"), table.Bytes())
	zipped := put(t, filepath.Join(dir, "b.zip"), zipOf(t, map[string][]byte{"a.json": jsonOf(t, run), report.SeriesPrefix + "a.txt": table.Bytes()}))
	for _, source := range []string{filepath.Join(dir, "runs"), zipped} {
		if got := do(t, Merge{Sources: []string{source}, Out: filepath.Join(t.TempDir(), "o.xlsx")}, 1); len(got.LeftOut) != 0 {
			t.Errorf("%s: left out %v", source, got.LeftOut)
		}
	}
}
