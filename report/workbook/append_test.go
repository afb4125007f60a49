package workbook

import (
	"bytes"
	"errors"
	"iter"
	"os"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// appendTo adds rows to a workbook as a merge does, and writes it back.
func appendTo(t *testing.T, name string, more ...Row) {
	t.Helper()
	old, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	var rows []Row
	for row, err := range old.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	rows = append(rows, more...)
	var out bytes.Buffer
	w := Writer{Limits: Over(old.Limits, thresholds.Default()), Old: old, Firewall: old.Firewall, Version: "v2"}
	if err := w.Write(&out, len(rows), each(rows), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func each(rows []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// edit is what a person does to a workbook between two merges.
func edit(t *testing.T, name string, change func(*excelize.File) error) {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(change(f), f.Save(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatPeopleDidStays(t *testing.T) {
	name := write(t, Writer{}, collect(20))
	l := runLayout()
	extra := len(l.columns) + 1
	notes, own, sum, day := ooxml.CellName(l.notes+1, 5), ooxml.CellName(extra, 5), ooxml.CellName(extra+1, 5), ooxml.CellName(extra+2, 5)
	edit(t, name, func(f *excelize.File) error {
		style, err := f.NewStyle(&excelize.Style{NumFmt: 14, Font: &excelize.Font{Bold: true, Color: "FF00FF"}})
		if err != nil {
			return err
		}
		if _, err := f.NewSheet("My sheet"); err != nil {
			return err
		}
		return errors.Join(
			f.SetCellValue(SheetRuns, notes, "called the provider; ticket 0815"),
			f.SetCellValue(SheetRuns, ooxml.CellName(extra, 1), "Ticket"), f.SetCellValue(SheetRuns, own, "0042"),
			f.SetCellValue(SheetRuns, ooxml.CellName(extra+1, 1), "Twice"), f.SetCellFormula(SheetRuns, sum, "J5*2"),
			f.SetCellValue(SheetRuns, ooxml.CellName(extra+2, 1), "Day"), f.SetCellValue(SheetRuns, day, 46350), f.SetCellStyle(SheetRuns, day, day, style),
			f.SetColWidth(SheetRuns, "CX", "CX", 40),
			f.SetCellValue("My sheet", "B2", "mine"), f.SetCellFormula("My sheet", "B3", "COUNTA(Runs!A:A)"), f.SetCellStyle("My sheet", "B2", "B2", style),
			f.AddChart("My sheet", "D2", &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Values: "'My sheet'!$B$2:$B$3"}}}),
			f.SetCellValue(SheetAbout, "B6", 25),
		)
	})
	for round := range 3 {
		appendTo(t, name, sampleRow(100+round))
		checkStructure(t, name)
	}
	f := openFile(t, name)
	for _, c := range []struct{ sheet, cell, want string }{
		{SheetRuns, notes, "called the provider; ticket 0815"},
		{SheetRuns, own, "0042"},
		{SheetRuns, day, "46350"},
		{SheetRuns, "A24", "01JRUN00000000000000000102"},
		{"My sheet", "B2", "mine"},
		{SheetAbout, "B6", "25"},
		{SheetSummary, "A1", "13 of 23 runs are ready for cloud voice"},
	} {
		if got := raw(t, f, c.sheet, c.cell); got != c.want {
			t.Errorf("%s!%s = %q, want %q", c.sheet, c.cell, got, c.want)
		}
	}
	for sheet, cell := range map[string]string{SheetRuns: sum, "My sheet": "B3"} {
		if got, err := f.GetCellFormula(sheet, cell); err != nil || got == "" {
			t.Errorf("the formula of %s!%s is gone (%v)", sheet, cell, err)
		}
	}
	for sheet, cell := range map[string]string{SheetRuns: day, "My sheet": "B2"} {
		id, err := f.GetCellStyle(sheet, cell)
		if err != nil {
			t.Fatal(err)
		}
		if style, err := f.GetStyle(id); err != nil || style.Font == nil || style.Font.Color != "FF00FF" {
			t.Errorf("the looks of %s!%s are gone (%v)", sheet, cell, err)
		}
	}
	tables, err := f.GetTables(SheetRuns)
	if err != nil || len(tables) != 1 || tables[0].Range != "A1:"+ooxml.CellName(extra+2, 24) {
		t.Errorf("tables %v (%v)", tables, err)
	}
}

func TestFirewallSurvivesWithoutItsRuns(t *testing.T) {
	name := write(t, Writer{}, collect(7))
	appendTo(t, name)
	f := openFile(t, name)
	if got := raw(t, f, SheetFirewall, "I2"); got != "fail: no_reply" {
		t.Errorf("Firewall!I2 = %q", got)
	}
}

// A sheet of ours that somebody has deleted is written again in its place. If a chart sheet
// was beside it, that was a panic; otherwise people's print areas went to the sheet beside
// theirs, and a part without a name into the file.
func TestDeletedSheetComesBack(t *testing.T) {
	for _, chart := range []bool{false, true} {
		name := write(t, Writer{}, collect(7))
		edit(t, name, func(f *excelize.File) error {
			if chart {
				series := []excelize.ChartSeries{{Values: "Runs!$J$2:$J$4"}}
				if err := f.AddChartSheet("Their chart", &excelize.Chart{Type: excelize.Col, Series: series}); err != nil {
					return err
				}
			}
			_, err := f.NewSheet("My sheet")
			mine, _ := f.GetSheetIndex("My sheet")
			f.SetActiveSheet(mine)
			return errors.Join(err, f.SetCellValue("My sheet", "A1", "mine"), f.DeleteSheet(SheetLeftOut),
				f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: "'My sheet'!$A$1:$C$9", Scope: "My sheet"}))
		})
		for range 2 {
			appendTo(t, name)
			checkStructure(t, name)
		}
		f := openFile(t, name)
		want := []string{SheetSummary, SheetRuns, SheetFirewall, SheetMachines, SheetByHour, SheetLeftOut, SheetAbout}
		if chart {
			want = append(want, "Their chart")
		}
		if want = append(want, "My sheet"); !slices.Equal(f.GetSheetList(), want) {
			t.Errorf("sheets %v, want %v", f.GetSheetList(), want)
		}
		names := f.GetDefinedName()
		if !slices.ContainsFunc(names, func(n excelize.DefinedName) bool { return n.Name == "_xlnm.Print_Area" && n.Scope == "My sheet" }) {
			t.Errorf("the print area of My sheet has gone elsewhere: %v", names)
		}
	}
}

// Parts of people's sheets that excelize does not know stay too.
func TestForeignSheetIsNotWrittenAnew(t *testing.T) {
	name := write(t, Writer{}, collect(3))
	edit(t, name, func(f *excelize.File) error {
		_, err := f.NewSheet("My sheet")
		f.Pkg.Store("xl/worksheets/sheet8.xml", []byte(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:odd="urn:odd"><sheetData><row r="1" odd:height="7"><c r="A1"><v>5</v></c></row></sheetData><odd:thing/></worksheet>`))
		f.Sheet.Delete("xl/worksheets/sheet8.xml")
		return err
	})
	before := partsOf(t, name)["xl/worksheets/sheet8.xml"]
	appendTo(t, name, sampleRow(9))
	if after := partsOf(t, name)["xl/worksheets/sheet8.xml"]; !bytes.Equal(before, after) || !bytes.Contains(after, []byte("odd:thing")) {
		t.Errorf("My sheet was\n%s\nand is\n%s", before, after)
	}
}
