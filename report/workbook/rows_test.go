package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"netready/thresholds"
)

// TestRowsKeepTheirOrder writes as many rows as fill a block, a sheet, or
// nearly, and reads them back.
func TestRowsKeepTheirOrder(t *testing.T) {
	for _, size := range []struct{ rows, sheet int }{
		{0, 0},
		{1, 0},
		{blockRows - 1, 0},
		{blockRows, 0},
		{blockRows + 1, 0},
		{5*blockRows + 3, 0},
		{3 * blockRows, blockRows + 1},
		{3*blockRows + 1, blockRows},
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

// TestFailingRows ends with the error of the rows, whichever block it is in.
func TestFailingRows(t *testing.T) {
	broken := errors.New("broken")
	for _, at := range []int{0, 1, blockRows, 12 * blockRows} {
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
