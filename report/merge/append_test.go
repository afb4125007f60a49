package merge

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook"
)

// TestSamplesLeaveEverySheet: the samples' ports once stayed in Firewall and
// were counted in Summary.
func TestSamplesLeaveEverySheet(t *testing.T) {
	dir := t.TempDir()
	out, in := filepath.Join(dir, "team.xlsx"), filepath.Join(dir, "in")
	if err := Template(t.Context(), out, "v1", now, false); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(in, "0.json"), jsonOf(t, corpusRun(0)))
	do(t, Merge{Sources: []string{in}, Out: out, Append: true}, 1)
	f, err := excelize.OpenFile(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range []string{workbook.SheetSummary, workbook.SheetRuns, workbook.SheetFirewall, workbook.SheetMachines} {
		found, err := f.SearchSheet(name, "(?i)sample.*(pc|ltd)", true)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			t.Errorf("%s: samples in %v", name, found)
		}
	}
}

// TestWholePaste appends to a workbook under whose last row somebody has
// pasted a whole TXT: each of its lines once became a run.
func TestWholePaste(t *testing.T) {
	dir := t.TempDir()
	out, in := filepath.Join(dir, "team.xlsx"), filepath.Join(dir, "in")
	put(t, filepath.Join(in, "0.json"), jsonOf(t, corpusRun(0)))
	do(t, Merge{Sources: []string{in}, Out: out}, 1)
	f, err := excelize.OpenFile(out)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimPrefix(string(textOf(t, corpusRun(7))), "\ufeff")
	at := 3
	for line := range strings.SplitSeq(text, "\r\n") {
		cells := strings.Split(line, "\t")
		if err := f.SetSheetRow(workbook.SheetRuns, fmt.Sprintf("A%d", at), &cells); err != nil {
			t.Fatal(err)
		}
		at++
	}
	if err := f.SetSheetRow(workbook.SheetRuns, fmt.Sprintf("A%d", at), &[]string{"", "my own row"}); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	do(t, Merge{Sources: []string{in}, Out: out, Append: true}, 2)
	rows := sheet(t, out)
	if got, want := rows[1]["Run ID"], corpusRun(7).RunID; got != want || rows[1]["Ready"] == "" {
		t.Errorf("below the first row is %q, Ready %q, want %q", got, rows[1]["Ready"], want)
	}
	if got := rows[2]["Organization"]; got != "my own row" {
		t.Errorf("the row that somebody typed below says %q", got)
	}
}

// TestNewLimitsMarkOldRuns: a limit that was edited in About marked the runs
// that came later, and not those that were there.
func TestNewLimitsMarkOldRuns(t *testing.T) {
	dir := t.TempDir()
	out, in := filepath.Join(dir, "team.xlsx"), filepath.Join(dir, "in")
	put(t, filepath.Join(in, "0.json"), jsonOf(t, corpusRun(0)))
	do(t, Merge{Sources: []string{in}, Out: out}, 1)
	const want = "judged by other limits: jitter below 30"
	for _, step := range []struct {
		limit float64
		want  string
	}{{25, want}, {25, want}, {30, ""}} {
		f, err := excelize.OpenFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.SetCellValue(workbook.SheetAbout, "B6", step.limit); err != nil {
			t.Fatal(err)
		}
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		put(t, filepath.Join(dir, "more", "1.json"), jsonOf(t, corpusRun(1)))
		do(t, Merge{Sources: []string{filepath.Join(dir, "more")}, Out: out, Append: true}, 2)
		for _, row := range sheet(t, out) {
			if got := row["Remarks"]; got != step.want {
				t.Errorf("jitter below %v: run %s says %q, want %q", step.limit, row["Run ID"], got, step.want)
			}
		}
	}
}
