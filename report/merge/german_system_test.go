//go:build system

package merge

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/internal/need"
	"netready/report"
	"netready/report/workbook"
)

// recalculating is a LibreOffice that computes every formula when it opens a
// workbook, instead of believing the values that are stored.
func recalculating(t *testing.T) (profile string) {
	t.Helper()
	profile = filepath.Join(t.TempDir(), "profile")
	put(t, filepath.Join(profile, "user", "registrymodifications.xcu"), []byte(`<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>de-DE</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>`))
	return profile
}

// convert runs LibreOffice with settings of its own.
func convert(t *testing.T, profile string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, need.Tool(t, "soffice", "libreoffice"), append([]string{"-env:UserInstallation=file://" + profile, "--headless"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// pasteInGerman has LibreOffice take a text as it does when it is pasted, with
// a decimal comma and special numbers detected, and puts the cells that come of
// it below the rows of a sheet.
func pasteInGerman(t *testing.T, profile, text, book, sheet string) {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "run.csv"), []byte(text))
	convert(t, profile, "--infilter=Text - txt - csv (StarCalc):9,34,76,1,,1031,false,true", "--convert-to", "xlsx", "--outdir", dir, filepath.Join(dir, "run.csv"))
	from, err := excelize.OpenFile(filepath.Join(dir, "run.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := excelize.OpenFile(book)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := to.NewSheet(sheet); err != nil {
		t.Fatal(err)
	}
	above, err := to.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := from.GetRows(from.GetSheetName(0), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	for y, row := range rows {
		for x, value := range row {
			copyCell(t, from, to, sheet, x+1, y+1, len(above)+y+1, value)
		}
	}
	if err := to.Save(); err != nil {
		t.Fatal(err)
	}
}

// copyCell copies a cell with its kind and its number format.
func copyCell(t *testing.T, from, to *excelize.File, sheet string, column, fromRow, toRow int, value string) {
	t.Helper()
	if value == "" {
		return
	}
	source, _ := excelize.CoordinatesToCellName(column, fromRow)
	target, _ := excelize.CoordinatesToCellName(column, toRow)
	kind, err := from.GetCellType(from.GetSheetName(0), source)
	if err != nil {
		t.Fatal(err)
	}
	if kind == excelize.CellTypeSharedString {
		err = to.SetCellStr(sheet, target, value)
	} else {
		err = to.SetCellValue(sheet, target, number(value))
	}
	id, styleErr := from.GetCellStyle(from.GetSheetName(0), source)
	style, lookErr := from.GetStyle(id)
	if err := errors.Join(err, styleErr, lookErr); err != nil {
		t.Fatal(err)
	}
	if style.CustomNumFmt == nil || *style.CustomNumFmt == "General" {
		return
	}
	looks, err := to.NewStyle(&excelize.Style{CustomNumFmt: style.CustomNumFmt})
	if err := errors.Join(err, to.SetCellStyle(sheet, target, target, looks)); err != nil {
		t.Fatal(err)
	}
}

// The documented way gave wrong figures where the decimal sign is a comma: 4.364 became
// 4364, and 1.2 the first of February. Whatever the language makes of a paste, each figure
// is right, or it is empty and named.
func TestSystemPasteWhereDecimalsHaveACommaIsRight(t *testing.T) {
	profile := recalculating(t)
	run := corpusRun(7)
	for side, d := range []float64{4.364, 1.2} { // thousands, a date
		for _, at := range []**float64{&run.Voice.Up.MOS, &run.Voice.Down.MOS}[side : side+1] {
			*at = &d
		}
	}
	run.Voice.Up.JitterMS, run.Voice.Down.JitterMS = new(12.11), new(0.034)
	run.RunID = "01M89DRKTGDZX21ASSEJ7AW9FV"
	text := bytes.TrimPrefix(bytes.ReplaceAll(textOf(t, run), []byte("\r\n"), []byte("\n")), []byte("\ufeff"))
	lines := strings.Split(string(text), "\n")
	heading := slices.Index(lines, "ROW FOR THE SPREADSHEET")
	noCode := strings.Split(lines[heading+2], "\t")
	noCode[slices.Index(strings.Split(lines[heading+1], "\t"), report.RowCodeColumn)] = ""
	for name, c := range map[string]struct {
		sheet, text string
		whole       bool // every figure is expected; otherwise some are named
	}{
		"whole, below the rows":    {workbook.SheetRuns, string(text), true},
		"whole, in an empty sheet": {"Table 1", string(text), true},
		"the line of values":       {workbook.SheetRuns, lines[heading+2], true},
		"a line of an older TXT":   {workbook.SheetRuns, strings.Join(noCode, "\t"), false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			after := filepath.Join(dir, "team.xlsx")
			if err := Template(t.Context(), after, "v1", now, false); err != nil {
				t.Fatal(err)
			}
			pasteInGerman(t, profile, c.text, after, c.sheet)
			put(t, filepath.Join(dir, "more.json"), jsonOf(t, corpusRun(8)))
			got := do(t, Merge{Sources: []string{filepath.Join(dir, "more.json")}, Out: after, Append: true}, 2)
			if c.whole != (len(got.LeftOut) == 0) {
				t.Errorf("left out: %v", got.LeftOut)
			}
			checkPasted(t, after, run, got.LeftOut)
		})
	}
}

// With a limit edited in About the tiles followed, and the title and the shares
// did not.
func TestSystemSummaryFollowsAnEditedLimit(t *testing.T) {
	dir := t.TempDir()
	writeCorpus(t, filepath.Join(dir, "in"), 8)
	out := filepath.Join(dir, "out.xlsx")
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out}, 8)
	f, err := excelize.OpenFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellValue(workbook.SheetAbout, "B6", 0.5); err != nil { // jitter
		t.Fatal(err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	convert(t, recalculating(t), "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,true,false,false,false,-1", "--outdir", dir, out)
	data, err := os.ReadFile(filepath.Join(dir, "out-Summary.csv"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if !strings.HasPrefix(text, "0 of 8 runs are ready for cloud voice") || !strings.Contains(text, "\n0,8,0,1,,,1,") {
		t.Errorf("title and tiles: %.400s", text)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "PC-0") && (!strings.Contains(line, ",8,100,") || !strings.Contains(line, "Jitter up")) {
			t.Errorf("a machine: %s", line)
		}
		if strings.HasPrefix(line, "Site ") && !strings.Contains(line, ",1,1,100,") {
			t.Errorf("a location: %s", line)
		}
	}
}
