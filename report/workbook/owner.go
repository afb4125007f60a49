package workbook

import (
	"slices"
	"strings"
)

// An owner knows the cells that netready writes on one of the sheets that are
// made anew.
type owner struct {
	title   []string // what the first cells of the first row say, or hold a formula that says so
	columns int      // to the right of it nothing is ours; 0: as far as the first row reaches
	rows    int      // below it nothing is ours; 0: unknown
	head    []string // the first row, once it was read
	ok      func(o *owner, row sheetRow) (cell, what string)
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
func (o *owner) foreign(row sheetRow) (cell, what string) {
	if row.number == 1 {
		for i, want := range o.title {
			if c := row.at(i + 1); !strings.Contains(c.text+c.formula, want) {
				return cellName(1, 1), notMade
			}
		}
		o.head = row.line()
		if o.columns == 0 {
			o.columns = len(o.head)
		}
	}
	for _, c := range row.cells {
		if (c.text != "" || c.formula != "") && (c.column > o.columns || o.rows > 0 && row.number > o.rows) {
			return cellName(c.column, row.number), ownCell
		}
	}
	if o.ok == nil {
		return "", ""
	}
	return o.ok(o, row)
}

// isFigure says whether a cell holds a number, or a formula whose value some
// program has not stored.
func (c sheetCell) isFigure() bool { return c.isNumber() || c.formula != "" }

// ownsSummary looks at what stands below the last table, where each row counts
// runs.
func ownsSummary(o *owner, row sheetRow) (cell, what string) {
	first := row.at(1)
	switch {
	case first.text == placesTitle:
		o.places = true
	case o.places && first.text != placesHead && !row.at(2).isFigure():
		for _, c := range row.cells {
			if c.text != "" {
				return cellName(c.column, row.number), ownCell
			}
		}
	}
	return "", ""
}

func ownsFirewall(o *owner, row sheetRow) (cell, what string) {
	if row.number == 1 {
		return "", ""
	}
	if row.at(5).text == "" { // no Run ID
		for _, c := range row.cells {
			if c.text != "" && !strings.HasPrefix(c.text, withoutPortsBegin) {
				return cellName(c.column, row.number), ownCell
			}
		}
		return "", ""
	}
	for _, c := range row.cells {
		if c.column > len(firewallHead) && c.text != "" && !isSay(c.text) {
			return cellName(c.column, row.number), ownCell
		}
	}
	return "", ""
}

// isSay knows the words of sayOf.
func isSay(text string) bool {
	return slices.ContainsFunc([]string{"pass", "fail", "not measured"}, func(word string) bool { return strings.HasPrefix(text, word) })
}

func ownsMachines(o *owner, row sheetRow) (cell, what string) {
	if row.number > 1 {
		if !row.at(4).isFigure() {
			for _, c := range row.cells {
				if c.text != "" {
					return cellName(c.column, row.number), ownCell
				}
			}
		}
		return "", ""
	}
	for _, c := range row.cells {
		known := c.column <= len(machinesHead) || slices.ContainsFunc([]string{" median", " 95th percentile", " worst"}, func(end string) bool { return strings.HasSuffix(c.text, end) })
		if !known && c.text != "" {
			return cellName(c.column, row.number), ownCell
		}
	}
	return "", ""
}
