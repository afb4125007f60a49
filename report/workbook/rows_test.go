package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"netready/report"
	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// TestRowsKeepTheirOrder writes as many rows as fill a block, a sheet, or
// nearly, and reads them back.
func TestRowsKeepTheirOrder(t *testing.T) {
	for _, size := range []struct{ rows, sheet int }{
		{0, 0},
		{1, 0},
		{ooxml.BlockRows - 1, 0},
		{ooxml.BlockRows, 0},
		{ooxml.BlockRows + 1, 0},
		{5*ooxml.BlockRows + 3, 0},
		{3 * ooxml.BlockRows, ooxml.BlockRows + 1},
		{3*ooxml.BlockRows + 1, ooxml.BlockRows},
	} {
		t.Run(fmt.Sprintf("%d in sheets of %d", size.rows, size.sheet), func(t *testing.T) {
			want := collect(size.rows)
			for i := range want {
				want[i].Cells[runLayout().notes] = fmt.Sprintf(`note %d <row r="1048576"></row> </sheetData>`, i)
			}
			old, err := Open(write(t, Writer{MaxRows: size.sheet}, want))
			if err != nil {
				t.Fatal(err)
			}
			defer old.Close()
			i := 0
			for row, err := range old.Rows() {
				if err != nil {
					t.Fatal(err)
				}
				l := runLayout()
				if i < len(want) && (row.RunID() != want[i].RunID() || l.text(row, l.notes) != l.text(want[i], l.notes)) {
					t.Fatalf("row %d is %s %q, want %s", i, row.RunID(), l.text(row, l.notes), want[i].RunID())
				}
				i++
			}
			if i != size.rows {
				t.Errorf("%d rows, want %d", i, size.rows)
			}
		})
	}
}

// TestLongTexts writes rows that fill cells to their brim, one of them beyond
// what a stream of excelize keeps in memory (16 MB).
func TestLongTexts(t *testing.T) {
	l := runLayout()
	long := strings.Repeat("&", excelize.TotalCellChars) // five bytes each in XML
	rows := collect(ooxml.BlockRows + 5)
	for i := range rows {
		for place, column := range l.columns {
			if column.kind == report.KindText && place != l.runID && (i == 3 || place == l.notes && i%2 == 0) {
				rows[i].Cells[place] = long
			}
		}
	}
	old, err := Open(write(t, Writer{}, rows))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	i := 0
	for row, err := range old.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if row.RunID() != rows[i].RunID() || l.text(row, l.notes) != l.text(rows[i], l.notes) {
			t.Fatalf("row %d came back otherwise", i)
		}
		i++
	}
	if i != len(rows) {
		t.Errorf("%d rows, want %d", i, len(rows))
	}
}

// TestFailingRows ends with the error of the rows, whichever block it is in.
func TestFailingRows(t *testing.T) {
	broken := errors.New("broken")
	for _, at := range []int{0, 1, ooxml.BlockRows, 12 * ooxml.BlockRows} {
		rows := func(yield func(Row, error) bool) {
			for i := range at {
				if !yield(sampleRow(i), nil) {
					return
				}
			}
			yield(Row{}, broken)
		}
		err := (Writer{Limits: thresholds.Default()}).Write(&bytes.Buffer{}, at+1, rows, nil)
		if !errors.Is(err, broken) {
			t.Errorf("after %d rows: %v", at, err)
		}
	}
}
