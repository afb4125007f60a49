package workbook

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
)

// A sheet is written from its top to its bottom.
type sheet struct {
	*excelize.StreamWriter
	book *book
	row  int // the last one written
}

// open starts a sheet. cells is the range that it will fill, for readers that
// trust what the sheet states of its size.
func (b *book) open(name string, cells string) (*sheet, error) {
	if cells != "" {
		if err := b.file.SetSheetDimension(name, cells); err != nil {
			return nil, err
		}
	}
	if err := b.page(name); err != nil {
		return nil, err
	}
	sw, err := b.file.NewStreamWriter(name)
	return &sheet{StreamWriter: sw, book: b}, err
}

// page makes a sheet print in landscape, as wide as one page.
func (b *book) page(name string) error {
	across, wide, high, yes := "landscape", 1, 0, true
	return errors.Join(
		b.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes}),
		b.file.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &across, FitToWidth: &wide, FitToHeight: &high}),
	)
}

// printed sets which columns of the long sheets are printed, and which rows and
// columns are repeated on every page. What people have set there stays.
func (b *book) printed() error {
	type pages struct{ sheet, repeated, printed string }
	list := []pages{
		{SheetFirewall, "$A:$B,%s$1:$1", ""}, {SheetMachines, "$A:$B,%s$1:$1", ""}, {SheetLeftOut, "$1:$1", ""}, {SheetByHour, "", "$A:$Y"},
	}
	for part := range b.parts { // nobody could read all columns on one page
		list = append(list, pages{runsSheet(part), "$1:$1", "$A:$" + ooxml.ColumnName(runLayout().figures[mosDown]+1)})
	}
	have := b.file.GetDefinedName()
	define := func(sheet, name, cells string) error {
		if cells == "" || slices.ContainsFunc(have, func(d excelize.DefinedName) bool { return d.Name == name && d.Scope == sheet }) {
			return nil
		}
		prefix := "'" + sheet + "'!"
		return b.file.SetDefinedName(&excelize.DefinedName{Name: name, RefersTo: prefix + strings.ReplaceAll(cells, "%s", prefix), Scope: sheet})
	}
	for _, p := range list {
		if err := errors.Join(define(p.sheet, "_xlnm.Print_Titles", p.repeated), define(p.sheet, "_xlnm.Print_Area", p.printed)); err != nil {
			return err
		}
	}
	return nil
}

// An area is the cells between two corners.
type area struct{ firstColumn, firstRow, lastColumn, lastRow int }

func (a area) String() string {
	return ooxml.CellName(a.firstColumn, a.firstRow) + ":" + ooxml.CellName(a.lastColumn, a.lastRow)
}

// A rule colours a cell where its formula is true. The formula is written for
// the first cell of an area; a spreadsheet moves it along.
type rule struct {
	formula func(cell string) string
	style   *int
}

// colour adds conditional formats to an area; of several that apply, the first
// counts.
func (b *book) colour(sheet string, cells area, rules ...rule) error {
	var options []excelize.ConditionalFormatOptions
	for _, r := range rules {
		first := ooxml.CellName(cells.firstColumn, cells.firstRow)
		options = append(options, excelize.ConditionalFormatOptions{Type: "formula", Criteria: r.formula(first), Format: r.style})
	}
	return b.file.SetConditionalFormat(sheet, cells.String(), options)
}

// bars draws a bar into each cell, from 0 to most; "" for the largest of them.
func (b *book) bars(sheet string, cells area, most, colour string) error {
	bar := excelize.ConditionalFormatOptions{
		Type: "data_bar", Criteria: "=", MinType: "num", MinValue: "0", MaxType: "max", BarColor: colour, BarSolid: true,
	}
	if most != "" {
		bar.MaxType, bar.MaxValue = "num", most
	}
	return b.file.SetConditionalFormat(sheet, cells.String(), []excelize.ConditionalFormatOptions{bar})
}

// widths sets the widths of the columns from the first on, in characters.
func (s *sheet) widths(widths ...float64) error {
	for i, width := range widths {
		if err := s.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	return nil
}

// freeze keeps the first rows and columns visible when people scroll.
func (s *sheet) freeze(rows, columns int) error {
	pane := "bottomLeft"
	if columns > 0 {
		pane = "bottomRight"
	}
	return s.SetPanes(&excelize.Panes{
		Freeze: true, XSplit: columns, YSplit: rows, TopLeftCell: ooxml.CellName(columns+1, rows+1), ActivePane: pane,
	})
}

// beside begins to write rows beside the sheet, for one that may be long: excelize would
// keep tens of megabytes of it in memory, and has one goroutine write it.
func (b *book) beside(s *sheet) (*ooxml.RowWriter, error) {
	rows, err := ooxml.NewRowWriter(s.row+1, len(b.rows))
	if err == nil {
		b.rows = append(b.rows, rows)
	}
	return rows, err
}

// standIn ends the rows beside the sheet. Nothing can be added to the sheet after them.
func (s *sheet) standIn(rows *ooxml.RowWriter) error {
	if err := rows.Flush(); err != nil {
		return err
	}
	return ooxml.StandIn(rows, s.StreamWriter)
}

// add writes the next row.
func (s *sheet) add(cells ...any) error { return s.addRow(excelize.RowOpts{}, cells...) }

func (s *sheet) addRow(opts excelize.RowOpts, cells ...any) error {
	s.row++
	ooxml.FitTexts(cells)
	return s.SetRow(ooxml.CellName(1, s.row), cells, opts)
}

// figure is a cell with two decimals, or an empty one for NaN.
func (b *book) figure(value float64) any {
	if math.IsNaN(value) {
		return nil
	}
	return excelize.Cell{StyleID: b.style.two, Value: value}
}

// anys are texts as cells.
func anys(texts []string) []any {
	var cells []any
	for _, text := range texts {
		cells = append(cells, text)
	}
	return cells
}

// styled gives all cells one style.
func styled(style int, cells ...any) []any {
	for i, cell := range cells {
		cells[i] = excelize.Cell{StyleID: style, Value: cell}
	}
	return cells
}
