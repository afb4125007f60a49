package workbook

import (
	"errors"
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

// open starts a sheet. cells is the range that it will fill, for readers
// that trust the sheet's own word.
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

// page makes a sheet print across, as wide as one page.
func (b *book) page(name string) error {
	across, wide, high, yes := "landscape", 1, 0, true
	return errors.Join(
		b.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes}),
		b.file.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &across, FitToWidth: &wide, FitToHeight: &high}),
	)
}

// printed says what of the long sheets is printed, and which rows and columns
// stand on every page. What people have set there stays.
func (b *book) printed() error {
	type pages struct{ sheet, repeated, printed string }
	list := []pages{
		{SheetFirewall, "$A:$B,%s$1:$1", ""}, {SheetMachines, "$A:$B,%s$1:$1", ""}, {SheetLeftOut, "$1:$1", ""}, {SheetByHour, "", "$A:$Y"},
	}
	for part := range b.parts { // all columns on one page nobody could read
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

// widths sets the widths of the columns from the first on, in characters.
func (s *sheet) widths(widths ...float64) error {
	for i, width := range widths {
		if err := s.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	return nil
}

// freeze keeps rows at the top and columns at the left in sight.
func (s *sheet) freeze(rows, columns int) error {
	pane := "bottomLeft"
	if columns > 0 {
		pane = "bottomRight"
	}
	return s.SetPanes(&excelize.Panes{
		Freeze: true, XSplit: columns, YSplit: rows, TopLeftCell: ooxml.CellName(columns+1, rows+1), ActivePane: pane,
	})
}

// add writes the next row.
func (s *sheet) add(cells ...any) error { return s.addRow(excelize.RowOpts{}, cells...) }

func (s *sheet) addRow(opts excelize.RowOpts, cells ...any) error {
	s.row++
	ooxml.FitTexts(cells)
	return s.SetRow(ooxml.CellName(1, s.row), cells, opts)
}

// styled gives all cells one style.
func styled(style int, cells ...any) []any {
	for i, cell := range cells {
		cells[i] = excelize.Cell{StyleID: style, Value: cell}
	}
	return cells
}
