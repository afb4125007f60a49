package workbook

import (
	"reflect"
	"testing"

	"github.com/tiendc/go-deepcopy"
	"github.com/xuri/excelize/v2"
)

// excelize copies what it has of a range of columns to each of them: one that is changed
// later must leave the others as they are, in the file too.
func TestColumnsOfARangeShareNothing(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	const sheet = "Sheet1"
	style, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		f.SetColWidth(sheet, "A", "E", 20), f.SetColStyle(sheet, "A:E", style), f.SetColOutlineLevel(sheet, "D", 2),
		f.SetColWidth(sheet, "B", "B", 33), f.SetColStyle(sheet, "C", 0), f.SetColVisible(sheet, "E", false),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	written, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	if f, err = excelize.OpenReader(written); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type column struct {
		width   float64
		style   int
		level   uint8
		visible bool
	}
	for name, want := range map[string]column{"A": {20, style, 0, true}, "B": {33, style, 0, true}, "C": {20, 0, 0, true}, "D": {20, style, 2, true}, "E": {20, style, 0, false}} {
		var got column
		var errs [4]error
		got.width, errs[0] = f.GetColWidth(sheet, name)
		got.style, errs[1] = f.GetColStyle(sheet, name)
		got.level, errs[2] = f.GetColOutlineLevel(sheet, name)
		got.visible, errs[3] = f.GetColVisible(sheet, name)
		if got != want || errs != [4]error{} {
			t.Errorf("column %s: %+v %v, want %+v", name, got, errs, want)
		}
	}
}

// A row with what its cells have, and a whole sheet, are copied too.
func TestRowsAndSheetsAreCopied(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	other, err := f.NewSheet("Other")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		f.SetSheetRow("Sheet1", "A1", &[]any{"text", 1.5, true}), f.SetRowHeight("Sheet1", 1, 30),
		f.DuplicateRow("Sheet1", 1), f.CopySheet(0, other), f.SetCellValue("Sheet1", "A1", "changed"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, sheet := range []string{"Sheet1", "Other"} {
		rows, err := f.GetRows(sheet)
		height, _ := f.GetRowHeight(sheet, 2)
		first := map[string]string{"Sheet1": "changed", "Other": "text"}[sheet]
		if want := [][]string{{first, "1.5", "TRUE"}, {"text", "1.5", "TRUE"}}; err != nil || !reflect.DeepEqual(rows, want) || height != 30 {
			t.Errorf("%s: %q, height %v, %v", sheet, rows, height, err)
		}
	}
}

func TestCopyOfWhatHasPointers(t *testing.T) {
	type inner struct{ Text *string }
	type outer struct {
		Width *float64
		List  []*inner
		Any   map[string][]int
	}
	from := outer{new(2.5), []*inner{{new("a")}, nil}, map[string][]int{"k": {1}}}
	for _, src := range []any{from, &from} {
		var to outer
		if err := deepcopy.Copy(&to, src); err != nil || !reflect.DeepEqual(to, from) {
			t.Fatalf("%+v, %v", to, err)
		}
		*to.Width, *to.List[0].Text, to.Any["k"][0] = 1, "b", 2
		if *from.Width != 2.5 || *from.List[0].Text != "a" || from.Any["k"][0] != 1 {
			t.Errorf("a change of the copy of a %T changed what was copied: %+v", src, from)
		}
	}
	for _, dst := range []any{nil, from, (*outer)(nil), new(int)} {
		if deepcopy.Copy(dst, from) == nil {
			t.Errorf("copied into a %T", dst)
		}
	}
	if deepcopy.Copy(new(outer), nil) == nil {
		t.Error("copied nothing")
	}
}
