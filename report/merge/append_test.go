package merge

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"netready/probe/facts"
	"netready/report"
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
	pasted := corpusRun(7)
	pasted.Machine.Hostname = "PC-pasted"
	pasted.Firewall[9].Status, pasted.Firewall[9].Reason = facts.StatusFail, "refused"
	text := strings.TrimPrefix(string(textOf(t, pasted)), "\ufeff")
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
	// Its firewall column lay in the paste, and was lost.
	ports := rowsOf(t, out, workbook.SheetFirewall)
	if at := slices.IndexFunc(ports, func(row []string) bool { return len(row) > 1 && row[1] == "PC-pasted" }); at < 0 {
		t.Errorf("%s has no row of the pasted machine: %v", workbook.SheetFirewall, ports)
	} else if row := ports[at]; row[6] != "1" || !slices.Contains(row, "fail: refused") || !slices.Contains(row, "pass") {
		t.Errorf("%s says of the pasted machine %v", workbook.SheetFirewall, row)
	}
}

func rowsOf(t *testing.T, name, sheet string) [][]string {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestPastedLineHasNoPorts appends to a workbook under whose last row somebody has pasted a
// line of values. It names no port, and the sheet Firewall did not mention the machine.
func TestPastedLineHasNoPorts(t *testing.T) {
	dir := t.TempDir()
	out, in := filepath.Join(dir, "team.xlsx"), filepath.Join(dir, "in")
	put(t, filepath.Join(in, "0.json"), jsonOf(t, corpusRun(0)))
	do(t, Merge{Sources: []string{in}, Out: out}, 1)
	pasted, voiceOnly := corpusRun(7), corpusRun(8)
	pasted.Machine.Hostname, voiceOnly.Machine.Hostname = "PC-pasted", "PC-voice"
	voiceOnly.Parts = []string{facts.PartVoice}
	f, err := excelize.OpenFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for i, run := range []report.Report{pasted, voiceOnly} {
		lines := strings.Split(string(textOf(t, run)), "\r\n")
		at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, run.RunID) })
		cells := strings.Split(lines[at], "\t")
		if err := f.SetSheetRow(workbook.SheetRuns, fmt.Sprintf("A%d", 3+i), &cells); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.Save(), f.Close()); err != nil {
		t.Fatal(err)
	}
	said := func(sheet string) bool {
		for _, row := range rowsOf(t, out, sheet) {
			if text := strings.Join(row, " "); strings.Contains(text, "PC-pasted (") && strings.Contains(text, "Without their ports") {
				if strings.Contains(text, "PC-voice") {
					t.Errorf("%s names a machine that tried no ports: %q", sheet, text)
				}
				return true
			}
		}
		return false
	}
	for range 2 { // the second reads the note back
		do(t, Merge{Sources: []string{in}, Out: out, Append: true}, 3)
		for _, sheet := range []string{workbook.SheetFirewall, workbook.SheetAbout} {
			if !said(sheet) {
				t.Errorf("%s does not say that the ports of PC-pasted are missing", sheet)
			}
		}
		if rows := rowsOf(t, out, workbook.SheetFirewall); len(rows) != 4 || rows[1][1] != "PC-00000" {
			t.Errorf("%s has the rows %v", workbook.SheetFirewall, rows)
		}
	}
	put(t, filepath.Join(in, "7.json"), jsonOf(t, pasted))
	do(t, Merge{Sources: []string{in}, Out: out, Append: true}, 3)
	if said(workbook.SheetFirewall) || said(workbook.SheetAbout) {
		t.Error("the ports are there now, and still said to be missing")
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

// A result whose four hundred ports have as long a name each as a cell takes merges all the
// same: the sheet Firewall cuts the names, and knows the columns again when it is added to.
func TestPortsOfLongNames(t *testing.T) {
	const ports = 400
	dir := t.TempDir()
	for i := range 2 {
		r := corpusRun(i)
		r.Firewall = nil
		for port := range ports {
			r.Firewall = append(r.Firewall, facts.PortRow{
				Name: fmt.Sprintf("%03d%s", port, strings.Repeat("&", excelize.TotalCellChars-3)), Protocol: "tcp", Status: facts.StatusFail, Reason: "refused", Required: true,
			})
		}
		put(t, filepath.Join(dir, fmt.Sprint(i), "run.json"), jsonOf(t, r))
	}
	out := filepath.Join(dir, "out.xlsx")
	do(t, Merge{Sources: []string{filepath.Join(dir, "0")}, Out: out}, 1)
	do(t, Merge{Sources: []string{filepath.Join(dir, "1")}, Out: out, Append: true}, 2)
	whole, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(workbook.SheetFirewall)
	if err != nil || len(rows) != 2 || len(rows[1]) < ports {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	names := rows[0][len(rows[0])-ports:]
	if rows[0][len(rows[0])-ports-1] != "Required ports failed" || !strings.HasPrefix(names[0], "000&") || !strings.HasPrefix(names[ports-1], "399&") {
		t.Errorf("the head has %d columns, from %.20q to %.20q", len(rows[0]), rows[0][0], names[ports-1])
	}
	for _, name := range names {
		if n := utf8.RuneCountInString(name); n != 255 || !strings.HasSuffix(name, "…") {
			t.Fatalf("the name of a column has %d characters: %.20q", n, name)
		}
	}
}
