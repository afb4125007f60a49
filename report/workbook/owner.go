package workbook

import (
	"slices"
	"strings"

	"netready/report/workbook/ooxml"
)

// An owner knows the cells that netready writes on one of the sheets that it
// writes again.
type owner struct {
	title   []string // what the first cells of the first row say, or hold a formula that says so
	columns int      // how many are ours; 0: as many as the first row has
	rows    int      // how many are ours; 0: unknown
	head    []string // the first row, once it was read
	ok      func(o *owner, row ooxml.Row) (cell, what string)
	places  bool // Summary: its last table has begun
}

const (
	notMade = "it was not made by netready: give the sheet another name"
	ownCell = "a cell of somebody's own"
)

func ownerOf(sheet string) *owner {
	return map[string]*owner{
		SheetSummary:  {title: []string{"cloud voice"}, columns: summaryColumns, ok: ownsSummary},
		SheetFirewall: {title: firewallHead, ok: ownsFirewall},
		SheetMachines: {title: machinesHead, ok: ownsMachines},
		SheetByHour:   {title: []string{"By hour"}, columns: hoursColumns, rows: weekHead + 7},
		SheetLeftOut:  {title: []string{"Source", "Line", "Reason"}, columns: 3},
		SheetAbout:    {title: []string{"About this workbook"}, columns: 4},
	}[sheet]
}

// foreign names a cell of the row that is not ours, and what it is.
func (o *owner) foreign(row ooxml.Row) (cell, what string) {
	if row.Number == 1 {
		for i, want := range o.title {
			if c := row.At(i + 1); !strings.Contains(c.Text+c.Formula, want) {
				return ooxml.CellName(1, 1), notMade
			}
		}
		o.head = row.Line()
		if o.columns == 0 {
			o.columns = len(o.head)
		}
	}
	for _, c := range row.Cells {
		if (c.Text != "" || c.Formula != "") && (c.Column > o.columns || o.rows > 0 && row.Number > o.rows) {
			return ooxml.CellName(c.Column, row.Number), ownCell
		}
	}
	if o.ok == nil {
		return "", ""
	}
	return o.ok(o, row)
}

// ownsSummary looks at the rows below the last table, in which each row counts runs.
func ownsSummary(o *owner, row ooxml.Row) (cell, what string) {
	first := row.At(1)
	switch {
	case first.Text == placesTitle:
		o.places = true
	case o.places && first.Text != placesHead && !row.At(2).IsFigure():
		return ownCellOf(row, anyText)
	}
	return "", ""
}

func ownsFirewall(o *owner, row ooxml.Row) (cell, what string) {
	if row.Number == 1 {
		return "", ""
	}
	if row.At(5).Text == "" { // no Run ID
		return ownCellOf(row, func(c ooxml.Cell) bool { return !strings.HasPrefix(c.Text, withoutPortsBegin) })
	}
	return ownCellOf(row, func(c ooxml.Cell) bool { return c.Column > len(firewallHead) && !isSay(c.Text) })
}

// ownCellOf names the first cell with a text that is somebody's own.
func ownCellOf(row ooxml.Row, own func(ooxml.Cell) bool) (cell, what string) {
	for _, c := range row.Cells {
		if c.Text != "" && own(c) {
			return ooxml.CellName(c.Column, row.Number), ownCell
		}
	}
	return "", ""
}

func anyText(ooxml.Cell) bool { return true }

// isSay knows the words of sayOf.
func isSay(text string) bool {
	return slices.ContainsFunc([]string{"pass", "fail", "not measured"}, func(word string) bool { return strings.HasPrefix(text, word) })
}

func ownsMachines(o *owner, row ooxml.Row) (cell, what string) {
	if row.Number > 1 {
		if row.At(4).IsFigure() {
			return "", ""
		}
		return ownCellOf(row, anyText)
	}
	return ownCellOf(row, func(c ooxml.Cell) bool {
		ends := func(end string) bool { return strings.HasSuffix(c.Text, end) }
		return c.Column > len(machinesHead) && !slices.ContainsFunc([]string{" median", " 95th percentile", " worst"}, ends)
	})
}
