package merge

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/report"
	"netready/report/workbook"
)

// A TXT that a spreadsheet has split at spaces, or left in one cell a line, or
// whose numbers it has taken for others, still gives the run as it was.
func TestPastesOfAnyShape(t *testing.T) {
	run := corpusRun(7)
	run.RunID = "01M89DRKTGDZX21ASSEJ7AW9FV"
	text := strings.TrimPrefix(strings.ReplaceAll(string(textOf(t, run)), "\r\n", "\n"), "\ufeff")
	lines := strings.Split(text, "\n")
	values := lines[slices.Index(lines, "ROW FOR THE SPREADSHEET")+2]
	for name, c := range map[string]struct {
		text  string
		split func(line string) []any
	}{
		"a line a cell": {text, func(line string) []any { return []any{line} }},
		"split at spaces": {text, func(line string) []any {
			return texts(strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' }))
		}},
		"the values in a cell":    {values, func(line string) []any { return []any{line} }},
		"points lost":             {text, pointsLost},
		"the values, points lost": {values, pointsLost},
		"typed cells":             {text, typedCells},
	} {
		for _, into := range []string{workbook.SheetRuns, "Mine"} {
			t.Run(name+" in "+into, func(t *testing.T) {
				file, again := grown(t, func(f *excelize.File) error {
					_, err := f.NewSheet(into)
					for i, line := range strings.Split(strings.TrimSuffix(c.text, "\n"), "\n") {
						cell, _ := excelize.CoordinatesToCellName(1, i+5)
						cells := c.split(line)
						err = errors.Join(err, f.SetSheetRow(into, cell, &cells))
					}
					return err
				})
				if err := again(); err != nil {
					t.Fatal(err)
				}
				if got := len(sheet(t, file)); got != 5 {
					t.Errorf("%d rows, want 5", got)
				}
				checkPasted(t, file, run, nil)
			})
		}
	}
}

func texts(words []string) []any {
	var cells []any
	for _, word := range words {
		cells = append(cells, word)
	}
	return cells
}

// pointsLost is what a comma locale does to figures of three decimals.
func pointsLost(line string) []any {
	var cells []any
	for cell := range strings.SplitSeq(line, "\t") {
		if bare := strings.Replace(cell, ".", "", 1); len(bare) < len(cell) && number(bare) >= 0 {
			cells = append(cells, number(bare))
			continue
		}
		cells = append(cells, cell)
	}
	return cells
}

// typedCells are numbers as numbers, as a paste with values makes them.
func typedCells(line string) []any {
	var cells []any
	for cell := range strings.SplitSeq(line, "\t") {
		if figure := number(cell); figure >= 0 && report.FindRowCode(cell) == "" {
			cells = append(cells, figure)
			continue
		}
		cells = append(cells, cell)
	}
	return cells
}

// A figure of a pasted line that cannot be told is named, and the TXT of the
// same run fills it in.
func TestDoubtedFiguresAreNamed(t *testing.T) {
	run := corpusRun(7)
	lines := strings.Split(strings.ReplaceAll(string(textOf(t, run)), "\r\n", "\n"), "\n")
	at := slices.Index(lines, "ROW FOR THE SPREADSHEET")
	code := slices.Index(strings.Split(lines[at+1], "\t"), report.RowCodeColumn)
	file, _ := grown(t, func(f *excelize.File) error {
		cells := pointsLost(lines[at+2])
		cells[code] = nil // as an older TXT
		return f.SetSheetRow(workbook.SheetRuns, "A5", &cells)
	})
	more := put(t, filepath.Join(t.TempDir(), "run.txt"), textOf(t, run))
	got := do(t, Merge{Sources: []string{put(t, filepath.Join(t.TempDir(), "8.json"), jsonOf(t, corpusRun(8)))}, Out: file, Append: true}, 5)
	if len(got.LeftOut) == 0 || got.LeftOut[0].Line != 5 || !strings.Contains(got.LeftOut[0].Reason, run.RunID) {
		t.Errorf("left out: %v", got.LeftOut)
	}
	checkPasted(t, file, run, got.LeftOut)
	if got := do(t, Merge{Sources: []string{more}, Out: file, Append: true}, 5); len(got.LeftOut) > 0 {
		t.Errorf("left out: %v", got.LeftOut)
	}
	checkPasted(t, file, run, nil)
}

// checkPasted compares the figures of a run in a workbook with the run's own.
func checkPasted(t *testing.T, name string, run report.Report, leftOut []workbook.LeftOut) {
	t.Helper()
	rows := sheet(t, name)
	at := slices.IndexFunc(rows, func(row map[string]string) bool { return row["Run ID"] == run.RunID })
	if at < 0 {
		t.Fatalf("the run is not there: %v", rows)
	}
	right, want := 0, workbook.FromReport(run)
	for i, header := range workbook.Headers() {
		got := rows[at][header]
		switch cell := want.Cells[i].(type) {
		case float64:
			if got == "" && slices.ContainsFunc(leftOut, func(l workbook.LeftOut) bool { return strings.Contains(l.Reason, header) }) {
				continue
			}
			if math.Abs(number(got)-cell) > 1e-9 {
				t.Errorf("%s is %q, want %v", header, got, cell)
			}
			right++
		case time.Time:
			if math.Abs(number(got)-excelDays(cell)) > 1e-5 {
				t.Errorf("%s is %q, want %v", header, got, cell)
			}
		}
	}
	if right < 20 {
		t.Errorf("only %d figures were taken", right)
	}
}
