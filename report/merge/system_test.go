//go:build system

package merge

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/internal/need"
	"netready/report/workbook"
)

// office converts a workbook with LibreOffice, which refuses what is damaged.
func office(t *testing.T, name, to string) {
	t.Helper()
	tool := need.Tool(t, "soffice", "libreoffice")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	profile := "-env:UserInstallation=file://" + filepath.Join(t.TempDir(), "profile")
	cmd := exec.CommandContext(ctx, tool, profile, "--headless", "--convert-to", to, "--outdir", filepath.Dir(name), name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestSystemOpensInLibreOffice(t *testing.T) {
	dir := t.TempDir()
	writeCorpus(t, filepath.Join(dir, "in"), 60)
	out := filepath.Join(dir, "out.xlsx")
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out}, 60)
	office(t, out, "pdf")
	if info, err := os.Stat(filepath.Join(dir, "out.pdf")); err != nil || info.Size() < 10_000 {
		t.Errorf("the PDF is missing or empty (%v)", err)
	}
	office(t, out, `csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1`)
	data, err := os.ReadFile(filepath.Join(dir, "out-Runs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(data), "\n"); lines != 61 {
		t.Errorf("the CSV has %d lines, want 61", lines)
	}
	for i := range 60 {
		if id := corpusRun(i).RunID; !strings.Contains(string(data), id) {
			t.Errorf("the CSV lacks %s", id)
		}
	}
	for _, bad := range []string{"#NAME?", "#REF!", "#VALUE!", "Err:"} {
		for _, sheet := range []string{workbook.SheetRuns, workbook.SheetSummary, workbook.SheetFirewall} {
			if data, err := os.ReadFile(filepath.Join(dir, "out-"+sheet+".csv")); err != nil || strings.Contains(string(data), bad) {
				t.Errorf("the sheet %s shows %s (%v)", sheet, bad, err)
			}
		}
	}
}

// TestSystemAppendToWhatLibreOfficeSaved goes through a file as another
// program writes it: shared strings, other parts, other styles.
func TestSystemAppendToWhatLibreOfficeSaved(t *testing.T) {
	dir := t.TempDir()
	writeCorpus(t, filepath.Join(dir, "in"), 20)
	first := filepath.Join(dir, "a", "out.xlsx")
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: first}, 20)
	office(t, first, "ods")
	office(t, filepath.Join(dir, "a", "out.ods"), "xlsx")
	put(t, filepath.Join(dir, "more", "r.json"), jsonOf(t, corpusRun(77)))
	got := do(t, Merge{Sources: []string{filepath.Join(dir, "in"), filepath.Join(dir, "more")}, Out: first, Append: true}, 21)
	if got.Added != 1 {
		t.Errorf("%d added, want 1", got.Added)
	}
	office(t, first, "pdf")
	python(t, first, 22)
}

// python counts the rows of Runs with openpyxl and wants no formula among
// values, and a value behind every Ready.
func python(t *testing.T, name string, rows int) {
	t.Helper()
	script := `
import sys, openpyxl
wb = openpyxl.load_workbook(sys.argv[1], data_only=True)
ws = wb["Runs"]
head = [c.value for c in ws[1]]
ready = head.index("Ready")
bad = [r[ready].value for r in ws.iter_rows(min_row=2) if r[ready].value not in ("ready", "not_ready", "undetermined")]
assert not bad, bad
assert isinstance(ws.cell(2, head.index("Jitter up (ms)") + 1).value, (int, float))
assert ws.cell(2, head.index("Started") + 1).is_date
assert list(ws.tables), "no table"
assert "limit_jitter" in str([n for n in wb.defined_names.definedName] if hasattr(wb.defined_names, "definedName") else list(wb.defined_names))
ro = openpyxl.load_workbook(sys.argv[1], read_only=True)["Runs"]
print(ws.max_row, sum(1 for _ in ro.rows))
`
	out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-W", "ignore", "-c", script, name).Output()
	if err != nil || strings.TrimSpace(string(out)) != fmt.Sprintf("%d %d", rows, rows) {
		t.Errorf("openpyxl: %v: %s, want %d rows", err, out, rows)
	}
}

func TestSystemOpensInOpenpyxl(t *testing.T) {
	need.Tool(t, "python3")
	dir := t.TempDir()
	writeCorpus(t, filepath.Join(dir, "in"), 30)
	out := filepath.Join(dir, "out.xlsx")
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out}, 30)
	python(t, out, 31)
}

// TestSystemKilledWhileAppending kills the merge at 50 random moments.
func TestSystemKilledWhileAppending(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "team.xlsx")
	writeCorpus(t, filepath.Join(dir, "in"), 300)
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out}, 300)
	before, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "new", "r.json"), jsonOf(t, corpusRun(900)))
	start := time.Now()
	if err := self(t, filepath.Join(dir, "new"), out).Run(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(start)
	finished, killed := 0, 0
	for range 50 {
		if err := os.WriteFile(out, before, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := self(t, filepath.Join(dir, "new"), out)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(rand.Int64N(int64(whole*11/10))), func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		after, readErr := os.ReadFile(out)
		switch {
		case readErr != nil:
			t.Fatalf("the workbook is gone: %v", readErr)
		case bytes.Equal(after, before):
			killed++
		default:
			if f, err := excelize.OpenReader(bytes.NewReader(after)); err != nil {
				t.Fatalf("the workbook is damaged: %v", err)
			} else {
				_ = f.Close()
			}
			finished++
			_ = err
		}
	}
	t.Logf("killed before the end %d times, after it %d times", killed, finished)
	if killed == 0 {
		t.Error("no kill came before the end")
	}
}

// TestSystemNextMergeTidiesUp kills a merge as soon as its temporary file lies
// beside the workbook: it once lay there for ever.
func TestSystemNextMergeTidiesUp(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "team.xlsx")
	writeCorpus(t, filepath.Join(dir, "in"), 300)
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out}, 300)
	put(t, filepath.Join(dir, "new", "r.json"), jsonOf(t, corpusRun(900)))
	left := func() []string {
		found, err := filepath.Glob(filepath.Join(dir, ".netready-*.tmp"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for range 20 { // once in a while the merge is faster
		cmd := self(t, filepath.Join(dir, "new"), out)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for alive := true; alive; {
			select {
			case <-ended:
				alive = false
			default:
				if len(left()) > 0 {
					_ = cmd.Process.Kill()
					<-ended
					alive = false
				}
			}
		}
		if len(left()) > 0 {
			break
		}
	}
	before := left()
	if len(before) != 1 {
		t.Fatalf("a killed merge left %v, want one file", before)
	}
	got := do(t, Merge{Sources: []string{filepath.Join(dir, "new")}, Out: out, Append: true}, 301)
	if !slices.Equal(got.Cleared, before) || len(left()) != 0 {
		t.Errorf("removed %v of %v, left %v", got.Cleared, before, left())
	}
}
