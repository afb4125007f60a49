package merge

import (
	"bytes"
	"errors"
	_ "image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook"
)

// grown is a workbook of three runs that somebody has changed, and a merge
// that adds a fourth.
func grown(t *testing.T, change func(f *excelize.File) error) (name string, again func() error) {
	t.Helper()
	dir := t.TempDir()
	name = filepath.Join(dir, "team.xlsx")
	writeCorpus(t, filepath.Join(dir, "in"), 3)
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: name}, 3)
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(change(f), f.Save(), f.Close()); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "more.json"), jsonOf(t, corpusRun(50)))
	return name, func() error {
		_, err := Merge{Sources: []string{filepath.Join(dir, "more.json")}, Out: name, Append: true, Now: now}.Do(t.Context())
		return err
	}
}

func lastColumn() string {
	column, _ := excelize.ColumnNumberToName(len(workbook.Headers()) + 1)
	return column
}

// What people had put onto the sheets of netready was lost with exit status 0: a column
// without a heading, one with a heading of ours, a sheet called Runs 2. It now stays,
// through any number of appends.
func TestWhatIsNotOursStays(t *testing.T) {
	own := lastColumn()
	for name, c := range map[string]struct {
		sheet  string
		change func(f *excelize.File) error
	}{
		"a column without a heading": {workbook.SheetRuns, func(f *excelize.File) error { return f.SetCellValue(workbook.SheetRuns, own+"3", "kept so") }},
		"far to the right":           {workbook.SheetRuns, func(f *excelize.File) error { return f.SetCellValue(workbook.SheetRuns, "DZ4", "kept so") }},
		"a heading of ours": {workbook.SheetRuns, func(f *excelize.File) error {
			return errors.Join(f.SetCellValue(workbook.SheetRuns, own+"1", "Notes"), f.SetCellValue(workbook.SheetRuns, own+"2", "kept so"))
		}},
		"a heading of ours in other letters": {workbook.SheetRuns, func(f *excelize.File) error {
			return errors.Join(f.SetCellValue(workbook.SheetRuns, own+"1", " machine"), f.SetCellValue(workbook.SheetRuns, own+"2", "kept so"))
		}},
		"two headings alike": {workbook.SheetRuns, func(f *excelize.File) error {
			return errors.Join(f.SetSheetRow(workbook.SheetRuns, own+"1", &[]string{"Ticket", "Ticket", "Ticket"}),
				f.SetSheetRow(workbook.SheetRuns, own+"2", &[]string{"one", "two", "kept so"}))
		}},
		"a row below": {workbook.SheetRuns, func(f *excelize.File) error { return f.SetCellValue(workbook.SheetRuns, "B9", "kept so") }},
		"a sheet Runs 2": {"Runs 2", func(f *excelize.File) error {
			_, err := f.NewSheet("Runs 2")
			return errors.Join(err, f.SetCellValue("Runs 2", "A1", "plan"), f.SetCellValue("Runs 2", "B7", "kept so"))
		}},
		"an empty sheet Runs 2 but for one cell": {"Runs 2", func(f *excelize.File) error {
			_, err := f.NewSheet("Runs 2")
			return errors.Join(err, f.SetCellValue("Runs 2", "C9", "kept so"))
		}},
		"a hidden sheet": {"Costs", func(f *excelize.File) error {
			_, err := f.NewSheet("Costs")
			return errors.Join(err, f.SetCellValue("Costs", "A1", "kept so"), f.SetSheetVisible("Costs", false))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			file, again := grown(t, c.change)
			for range 3 {
				if err := again(); err != nil {
					t.Fatal(err)
				}
			}
			if got := cellsWith(t, file, c.sheet, "kept so"); len(got) != 1 {
				t.Errorf("it stands in %v of %s, want one cell", got, c.sheet)
			}
			if got := len(sheet(t, file)); got < 4 {
				t.Errorf("%d rows, want 4", got)
			}
		})
	}
}

func cellsWith(t *testing.T, name, sheet, text string) []string {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found, err := f.SearchSheet(sheet, text)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// If something of theirs cannot stay, nothing is changed, and the error names the sheet,
// the cell and what to do.
func TestAppendIsRefusedWhereSomethingWouldBeLost(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *excelize.File) error
		want   string
	}{
		"a comment": {func(f *excelize.File) error {
			return f.AddComment(workbook.SheetRuns, excelize.Comment{Cell: "C3", Author: "Ann", Text: "call"})
		}, "Runs!C3"},
		"a comment in Summary": {func(f *excelize.File) error {
			return f.AddComment(workbook.SheetSummary, excelize.Comment{Cell: "B4", Author: "Ann", Text: "call"})
		}, "Summary!B4"},
		"a validation": {func(f *excelize.File) error {
			rule := excelize.NewDataValidation(true)
			rule.Sqref = "D2:D99"
			return errors.Join(rule.SetDropList([]string{"a", "b"}), f.AddDataValidation(workbook.SheetRuns, rule))
		}, "Runs!D2:D99"},
		"a picture": {func(f *excelize.File) error {
			return f.AddPictureFromBytes(workbook.SheetRuns, "B2", &excelize.Picture{Extension: ".png", File: onePixel})
		}, "sheet Runs (a picture)"},
		"a chart beside ours": {func(f *excelize.File) error {
			return f.AddChart(workbook.SheetMachines, "B9", &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Values: "Runs!$J$2:$J$4"}}})
		}, "sheet Machines (a chart)"},
		"merged cells":       {func(f *excelize.File) error { return f.MergeCell(workbook.SheetRuns, "B2", "B3") }, "Runs!B2:B3"},
		"a word in Summary":  {func(f *excelize.File) error { return f.SetCellValue(workbook.SheetSummary, "X3", "mine") }, "Summary!X3"},
		"a word in Firewall": {func(f *excelize.File) error { return f.SetCellValue(workbook.SheetFirewall, "B30", "mine") }, "Firewall!B30"},
		"a column in Firewall": {func(f *excelize.File) error {
			return errors.Join(f.SetCellValue(workbook.SheetFirewall, "AZ1", "Comment"), f.SetCellValue(workbook.SheetFirewall, "AZ2", "ask Bob"))
		}, "Firewall!AZ2"},
		"a word in Left out": {func(f *excelize.File) error { return f.SetCellValue(workbook.SheetLeftOut, "D2", "mine") }, "Left out!D2"},
		"a word in By hour":  {func(f *excelize.File) error { return f.SetCellValue(workbook.SheetByHour, "B60", "mine") }, "By hour!B60"},
		"a table": {func(f *excelize.File) error {
			return errors.Join(f.SetSheetRow(workbook.SheetAbout, "H1", &[]string{"a", "b"}), f.AddTable(workbook.SheetAbout, &excelize.Table{Range: "H1:I3", Name: "Mine"}))
		}, "About!H1:I3"},
		"a colour rule": {func(f *excelize.File) error {
			style, err := f.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Color: "00FF00"}})
			return errors.Join(err, f.SetConditionalFormat(workbook.SheetRuns, "K2:K9", []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: ">", Value: "7", Format: &style}}))
		}, "Runs!K2:K9"},
		"a sheet called Machines": {func(f *excelize.File) error {
			_, err := f.NewSheet("x")
			return errors.Join(err, f.DeleteSheet(workbook.SheetMachines), f.SetSheetName("x", workbook.SheetMachines), f.SetCellValue(workbook.SheetMachines, "A1", "the coffee machine"))
		}, "Machines!A1"},
		"runs in small letters": {func(f *excelize.File) error {
			return errors.Join(f.SetSheetName(workbook.SheetRuns, "x"), f.SetSheetName("x", "runs"))
		}, "Runs"},
		"macros": {func(f *excelize.File) error {
			f.Pkg.Store("xl/vbaProject.bin", []byte("macros"))
			return nil
		}, "macros"},
		"an array formula": {func(f *excelize.File) error {
			kind, ref := "array", lastColumn()+"2:"+lastColumn()+"3"
			return f.SetCellFormula(workbook.SheetRuns, lastColumn()+"2", "J2:J3*2", excelize.FormulaOpts{Type: &kind, Ref: &ref})
		}, "Runs!" + lastColumn() + "2"},
	} {
		t.Run(name, func(t *testing.T) {
			file, again := grown(t, c.change)
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			err = again()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that names %s", err, c.want)
			}
			if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the workbook was changed (%v)", err)
			}
		})
	}
}

var onePixel = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82")

// Each append moved the dates of a workbook that counts from 1904 by 1,462
// days.
func TestDatesOfOldMacsStay(t *testing.T) {
	yes := true
	day := lastColumn() + "2"
	file, again := grown(t, func(f *excelize.File) error {
		style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
		if err != nil {
			return err
		}
		for _, cell := range []string{"F2", "F3", "F4"} { // as Excel stores them then
			text, err := f.GetCellValue(workbook.SheetRuns, cell, excelize.Options{RawCellValue: true})
			if err != nil {
				return err
			}
			if err := f.SetCellValue(workbook.SheetRuns, cell, number(text)-1462); err != nil {
				return err
			}
		}
		return errors.Join(f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}),
			f.SetCellValue(workbook.SheetRuns, day, 44888), f.SetCellStyle(workbook.SheetRuns, day, day, style))
	})
	for range 3 {
		if err := again(); err != nil {
			t.Fatal(err)
		}
	}
	rows := sheet(t, file)
	for i, run := range []int{0, 1, 2, 50} {
		want := excelDays(corpusRun(run).StartedAt) - 1462
		if got := number(rows[i]["Started"]); got < want-1e-4 || got > want+1e-4 {
			t.Errorf("run %d started at %v in the sheet, want %v", run, got, want)
		}
	}
}

func number(text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return -1
	}
	return f
}

// excelDays are days since 1899-12-30.
func excelDays(when time.Time) float64 {
	return when.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24
}
