package workbook

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"netready/report"
	"netready/report/workbook/ooxml"
)

// An ExtraColumn is a column that somebody has added to Runs.
type ExtraColumn struct {
	Header string  // "" where nobody has named it
	Style  int     // of its header cell
	Width  float64 // 0: the usual
}

// An ExtraCell is what somebody has typed into one of those columns.
type ExtraCell struct {
	Column  int // place in Extra
	Value   any // string, float64, bool or nil
	Style   int
	Formula string
}

// cell is how it is written. A formula that refers to its own row by column names moves with
// the row; any other is kept only if the row does not move, and is replaced by its value
// otherwise.
func (e ExtraCell) cell(stays bool) excelize.Cell {
	c := excelize.Cell{StyleID: e.Style, Value: e.Value}
	if stays || strings.Contains(e.Formula, "[#This Row]") {
		c.Formula = e.Formula
	}
	return c
}

// A runsReader reads the rows of one sheet of runs.
type runsReader struct {
	o      *Old
	l      layout
	sheet  string
	places []int // column of the old sheet -> ours, or -1-i for Extra i
	widths []float64
	whole  paste
	alone  bool // a TXT pasted into a new sheet: nobody has added columns
}

func (o *Old) rowsOf(sheet string, yield func(Row, error) bool) error {
	r := &runsReader{o: o, l: runLayout(), sheet: sheet}
	around := o.visitorOf(sheet)
	look := around.Visit
	around.Visit = func(element xml.StartElement) { r.width(element); look(element) }
	return o.pack.Scan(o.pack.Part(sheet), around, func(from ooxml.Row) error {
		if from.Number == 1 || r.places == nil {
			r.head(from)
			return nil
		}
		from = unfolded(from)
		row := r.row(from)
		if row.empty() || r.whole.drops(&row, from.Line(), r.l) {
			return nil
		}
		if !yield(row, nil) {
			return errStop
		}
		return nil
	})
}

// width notes how wide people made their columns; a sheet has the widths before its rows.
func (r *runsReader) width(col xml.StartElement) {
	if col.Name.Local != "col" {
		return
	}
	first, _ := strconv.Atoi(ooxml.Attribute(col, "min"))
	last, _ := strconv.Atoi(ooxml.Attribute(col, "max"))
	width, _ := strconv.ParseFloat(ooxml.Attribute(col, "width"), 64)
	if width <= 0 || width > excelize.MaxColumnWidth {
		return
	}
	for column := max(1, first); column <= min(last, excelize.MaxColumns); column++ {
		for len(r.widths) < column {
			r.widths = append(r.widths, 0)
		}
		r.widths[column-1] = width
	}
}

// head says where each column of the sheet goes: to the column of ours of exactly
// that name, else to one whose name differs in case and spaces alone, else to
// people's own. A second column of one name is somebody's own.
func (r *runsReader) head(row ooxml.Row) {
	head := row.Line()
	for len(head) > 0 && head[len(head)-1] == "" {
		head = head[:len(head)-1] // a style alone makes no column
	}
	r.places = make([]int, len(head))
	taken := map[int]bool{}
	for _, exact := range []bool{true, false} {
		for i, h := range head {
			at := r.l.find(h)
			if at < 0 || taken[at] || r.places[i] > 0 || exact && r.l.columns[at].Header != h {
				continue
			}
			taken[at], r.places[i] = true, at+1
		}
	}
	for i, h := range head {
		if r.places[i]--; r.places[i] < 0 {
			r.places[i] = -1 - r.extra(h, i+1, row.At(i+1).Style, taken)
		}
	}
}

// extra is the place in Extra of a column of people's own, which may be new.
func (r *runsReader) extra(header string, column, style int, taken map[int]bool) int {
	if header == "" {
		return r.bare(column, style)
	}
	for i, extra := range r.o.Extra {
		if !taken[-1-i] && extra.Header == header {
			taken[-1-i] = true
			return i
		}
	}
	at := r.add(header, column, style)
	taken[-1-at] = true
	return at
}

// place is where a column goes. One to the right of all headings is people's own;
// the columns between keep it in its place.
func (r *runsReader) place(column int) int {
	if r.alone {
		if column > len(r.places) {
			return -1
		}
		return r.places[column-1]
	}
	for len(r.places) < column {
		r.places = append(r.places, -1-r.bare(len(r.places)+1, 0))
	}
	return r.places[column-1]
}

// bare is the place in Extra of a column without a heading.
func (r *runsReader) bare(column, style int) int {
	at, ok := r.o.bare[column]
	if !ok {
		at = r.add("", column, style)
		if r.o.bare == nil {
			r.o.bare = map[int]int{}
		}
		r.o.bare[column] = at
	}
	return at
}

func (r *runsReader) add(header string, column, style int) int {
	extra := ExtraColumn{Header: header, Style: style}
	if column <= len(r.widths) {
		extra.Width = r.widths[column-1]
	}
	r.o.Extra = append(r.o.Extra, extra)
	return len(r.o.Extra) - 1
}

// row reads a row: what its Row code says, or its cells.
func (r *runsReader) row(from ooxml.Row) Row {
	row := Row{Cells: make([]any, len(r.l.columns)), OldRow: from.Number}
	for _, c := range from.Cells {
		if c.Text == "" && c.Formula == "" && c.Column > len(r.places) {
			continue // a style alone makes no column
		}
		if at := r.place(c.Column); at < 0 && !r.alone {
			r.extraCell(&row, -1-at, c)
		}
	}
	slices.SortFunc(row.Extra, func(a, b ExtraCell) int { return a.Column - b.Column })
	if r.coded(&row, from) {
		return row
	}
	id := ""
	for _, c := range from.Cells {
		if r.place(c.Column) == r.l.runID {
			id = c.Text
		}
	}
	if id == "" {
		r.ownRow(&row, from)
		return row
	}
	r.values(&row, from, id)
	return row
}

func (r *runsReader) extraCell(row *Row, place int, c ooxml.Cell) {
	if c.Text == "" && c.Style == 0 && c.Formula == "" || report.FindRowCode(c.Text) != "" {
		return
	}
	if c.Array {
		r.o.cannotStay(r.sheet, ooxml.CellName(c.Column, row.OldRow), "a formula of an array")
	}
	row.Extra = append(row.Extra, ExtraCell{Column: place, Value: c.Typed(), Style: c.Style, Formula: c.Formula})
}

// ownRow keeps a row without a Run ID as somebody has typed it.
func (r *runsReader) ownRow(row *Row, from ooxml.Row) {
	for _, c := range from.Cells {
		if at := r.place(c.Column); at >= 0 {
			row.Cells[at] = c.Typed()
			r.look(row, at, c)
		}
	}
}

// look notes a style of a cell that is not ours, and a formula.
func (r *runsReader) look(row *Row, at int, c ooxml.Cell) {
	if at == r.l.ready && row.RunID() != "" {
		c.Formula, c.Array = "", false // ours
	}
	if c.Array {
		r.o.cannotStay(r.sheet, ooxml.CellName(c.Column, row.OldRow), "a formula of an array")
	}
	if c.Style != 0 && !isOurs(r.o.pack.Format(c.Style)) || c.Formula != "" {
		row.Styled = append(row.Styled, ExtraCell{Column: at, Style: c.Style, Formula: c.Formula})
	}
}

// values reads the cells of a run.
func (r *runsReader) values(row *Row, from ooxml.Row, id string) {
	row.Cells[r.l.runID] = strings.TrimSpace(report.Unguard(id))
	figures := r.o.figuresOf(from, r.places, r.l)
	for _, c := range from.Cells {
		at := r.place(c.Column)
		if at < 0 {
			continue
		}
		value, doubt := figures.value(c, at)
		row.Cells[at] = value
		r.look(row, at, c)
		if doubt != "" {
			row.Doubts = append(row.Doubts, Doubt{r.l.columns[at].Header, doubt})
		}
	}
	row.noteDoubts()
}

// coded fills a row from its Row code, if that is whole. Texts in their own
// columns are kept: people may have corrected them.
func (r *runsReader) coded(row *Row, from ooxml.Row) bool {
	for _, c := range from.Cells {
		code := report.FindRowCode(c.Text)
		if code == "" {
			continue
		}
		cells, err := report.ReadRowCode(code)
		if err != nil {
			continue
		}
		for name, value := range cells {
			if at := r.l.find(name); at >= 0 {
				row.Cells[at] = value
			}
		}
		r.corrected(row, from)
		row.coded = row.RunID() != ""
		return row.coded
	}
	return false
}

func (r *runsReader) corrected(row *Row, from ooxml.Row) {
	aligned := slices.ContainsFunc(from.Cells, func(c ooxml.Cell) bool {
		return r.place(c.Column) == r.l.runID && c.Text == row.RunID()
	})
	if !aligned { // split or merged: the cells are not in their columns
		row.Extra = nil
		return
	}
	for _, c := range from.Cells {
		at := r.place(c.Column)
		if at < 0 || at == r.l.rowCode || r.l.columns[at].kind != report.KindText || c.Kind != "str" || c.Text == "" {
			continue
		}
		row.Cells[at] = report.Unguard(c.Text)
	}
}

func (r *Row) empty() bool {
	formula := slices.ContainsFunc(r.Styled, func(look ExtraCell) bool { return look.Formula != "" })
	return len(r.Extra) == 0 && !formula && !slices.ContainsFunc(r.Cells, func(cell any) bool { return cell != nil })
}

// A Doubt is a figure of a pasted row that was not taken, because it is not
// certain which number it was.
type Doubt struct {
	Column string
	Says   string // what the cell holds
}

func (d Doubt) String() string { return fmt.Sprintf("%s (%s)", d.Column, d.Says) }
