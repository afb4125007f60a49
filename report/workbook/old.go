package workbook

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/report"
	"netready/thresholds"
)

// Bounds on a workbook that is read: larger parts go to temporary files, and
// more than the limit is refused as a possible zip bomb.
const (
	oldPartInMemory = 4 << 20
	oldMaxUnpacked  = 8 << 30
)

// An Old is a workbook that runs are read from, and that may be
// added to. Its rows are streamed.
type Old struct {
	Extra    []ExtraColumn     // people's columns, to the right of ours
	Firewall []MachinePorts    // rows of the sheet Firewall
	Limits   thresholds.Limits // as they stand in About; a missing one is empty
	file     *excelize.File
	path     string
	shift    int // days: a workbook of the old Mac counts from 1904
}

// An ExtraColumn is a column that somebody has added to Runs.
type ExtraColumn struct {
	Header string
	Style  int     // of its header cell
	Width  float64 // 0: the usual
	from   int     // where it stands in the old sheet, from 1
}

// An ExtraCell is what somebody has typed into one of those columns.
type ExtraCell struct {
	Column  int // place in Extra
	Value   any // string, float64, bool or nil
	Style   int
	Formula string
}

// cell is how it is written. A formula that speaks of its own row in words of
// the table goes wherever the row goes; another only stays where it was, and
// leaves its value when the row moves.
func (e ExtraCell) cell(stays bool) excelize.Cell {
	c := excelize.Cell{StyleID: e.Style, Value: e.Value}
	if stays || strings.Contains(e.Formula, "[#This Row]") {
		c.Formula = e.Formula
	}
	return c
}

// Open opens a workbook that an earlier merge or template has made.
func Open(path string) (*Old, error) {
	file, err := excelize.OpenFile(path, excelize.Options{UnzipSizeLimit: oldMaxUnpacked, UnzipXMLSizeLimit: oldPartInMemory})
	if err != nil {
		return nil, fmt.Errorf("opening workbook %s: %w (if it is damaged or has a password, open it in Excel and save it as a plain .xlsx)", path, err)
	}
	o := &Old{file: file, path: path}
	if err := o.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading workbook %s: %w", path, err), file.Close())
	}
	return o, nil
}

// Close removes the temporary files.
func (o *Old) Close() error { return o.file.Close() }

func (o *Old) read() error {
	if props, err := o.file.GetWorkbookProps(); err == nil && props.Date1904 != nil && *props.Date1904 {
		o.shift = 1462
	}
	head, err := o.header(SheetRuns)
	if err != nil {
		return fmt.Errorf("it has no sheet %s that can be read: it is not a workbook of netready (%w)", SheetRuns, err)
	}
	l := runLayout()
	if !slices.ContainsFunc(head, func(h string) bool { return l.find(h) == l.runID }) {
		return fmt.Errorf("the sheet %s has no column %q in its first row: it is not a workbook of netready", SheetRuns, "Run ID")
	}
	for i, h := range head {
		if l.find(h) < 0 {
			o.Extra = append(o.Extra, ExtraColumn{Header: h, from: i + 1})
		}
	}
	for len(o.Extra) > 0 && o.Extra[len(o.Extra)-1].Header == "" {
		o.Extra = o.Extra[:len(o.Extra)-1]
	}
	o.readLimits()
	return o.readFirewall()
}

// header is the first row of a sheet.
func (o *Old) header(sheet string) ([]string, error) {
	rows, err := o.file.Rows(sheet)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, errors.New("it is empty")
	}
	return rows.Columns(excelize.Options{RawCellValue: true})
}

// Sheets are the names of the sheets that hold runs.
func (o *Old) sheets() []string {
	var names []string
	for part := 0; ; part++ {
		name := runsSheet(part)
		if index, err := o.file.GetSheetIndex(name); err != nil || index < 0 {
			return names
		}
		names = append(names, name)
	}
}

// Rows streams the runs. A row's number, for messages, is its OldRow.
func (o *Old) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, name := range o.sheets() {
			if err := o.rowsOf(name, yield); err != nil {
				if !errors.Is(err, errStop) {
					yield(Row{}, fmt.Errorf("reading sheet %s of %s: %w", name, o.path, err))
				}
				return
			}
		}
	}
}

var errStop = errors.New("no more rows wanted")

func (o *Old) rowsOf(sheet string, yield func(Row, error) bool) error {
	rows, err := o.file.Rows(sheet)
	if err != nil {
		return err
	}
	defer rows.Close()
	l := runLayout()
	var places []int // column of the old sheet -> ours, or -1-i for Extra i
	extras, stop, err := o.scanExtras(sheet)
	if err != nil {
		return err
	}
	defer stop()
	var whole paste
	for number := 1; rows.Next(); number++ {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return err
		}
		if number == 1 {
			places = o.places(cells, l)
			continue
		}
		row := o.row(cells, places, l)
		row.OldRow = number
		row.Extra = o.extraCells(cells, places, extras(number))
		if row.empty() || whole.drops(&row, cells) {
			continue
		}
		if !yield(row, nil) {
			return errStop
		}
	}
	return rows.Error()
}

// places says where each column of the sheet goes.
func (o *Old) places(head []string, l layout) []int {
	places := make([]int, 0, len(head))
	taken := map[int]bool{}
	for _, h := range head {
		at := l.find(h)
		if at >= 0 && !taken[at] {
			taken[at] = true
			places = append(places, at)
			continue
		}
		places = append(places, -1000) // a column that only a later sheet has
		for i, extra := range o.Extra {
			if extra.Header == h && !taken[-1-i] {
				taken[-1-i] = true
				places[len(places)-1] = -1 - i
				break
			}
		}
	}
	return places
}

func (o *Old) row(cells []string, places []int, l layout) Row {
	row := Row{Cells: make([]any, len(l.columns))}
	for i, text := range cells {
		if i < len(places) && places[i] >= 0 && text != "" {
			row.Cells[places[i]] = o.value(text, l.columns[places[i]].kind)
		}
	}
	return row
}

// value turns the text of a cell into what its column holds.
func (o *Old) value(text string, kind report.Kind) any {
	switch kind {
	case report.KindNumber:
		if number, ok := parseNumber(text); ok {
			return number
		}
	case report.KindTime:
		if days, err := strconv.ParseFloat(text, 64); err == nil {
			return time.UnixMilli(int64((days+float64(o.shift))*86_400_000+0.5) + excelEpoch).UTC()
		}
		if when, ok := parseTime(text); ok {
			return when
		}
	case report.KindText:
	}
	return text
}

// parseNumber reads a number as people's spreadsheets leave it: with a decimal
// comma where a text was pasted as text.
func parseNumber(text string) (float64, bool) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "'"))
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		return number, true
	}
	number, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	return number, err == nil
}

func parseTime(text string) (time.Time, bool) {
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "'"), "UTC"))
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if when, err := time.Parse(layout, text); err == nil {
			return when.UTC(), true
		}
	}
	return time.Time{}, false
}

func (o *Old) extraCells(cells []string, places []int, marks map[int]extraMark) []ExtraCell {
	var list []ExtraCell
	for i, place := range places {
		if place >= 0 || place == -1000 {
			continue
		}
		mark, text := marks[i+1], ""
		if i < len(cells) {
			text = cells[i]
		}
		if text == "" && mark == (extraMark{}) {
			continue
		}
		list = append(list, ExtraCell{Column: -1 - place, Value: mark.value(text), Style: mark.style, Formula: mark.formula})
	}
	slices.SortFunc(list, func(a, b ExtraCell) int { return a.Column - b.Column })
	return list
}

func (r *Row) empty() bool {
	return len(r.Extra) == 0 && !slices.ContainsFunc(r.Cells, func(cell any) bool { return cell != nil })
}

// readLimits takes the limits that people have edited in About.
func (o *Old) readLimits() {
	rows, err := o.file.Rows(SheetAbout)
	if err != nil {
		return // a workbook without About: its limits are the defaults
	}
	defer rows.Close()
	for rows.Next() {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return
		}
		for _, bound := range bounds() {
			if len(cells) > 3 && cells[3] == bound.name {
				if value, ok := parseNumber(cells[1]); ok {
					bound.set(&o.Limits, value)
				}
			}
		}
	}
}

// readFirewall reads the sheet Firewall back, because a row of Runs does not
// hold every port.
func (o *Old) readFirewall() error {
	rows, err := o.file.Rows(SheetFirewall)
	if err != nil {
		return nil
	}
	defer rows.Close()
	var head []string
	for rows.Next() {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return err
		}
		if head == nil {
			head = cells
			if len(head) < len(firewallHead) || !slices.Equal(head[:len(firewallHead)], firewallHead) {
				return nil // not as we wrote it: newer runs will fill it
			}
			continue
		}
		if len(cells) <= len(firewallHead) {
			continue
		}
		row := MachinePorts{Organization: cells[0], Machine: cells[1], Location: cells[2], Region: cells[3], RunID: cells[4]}
		row.Started, _ = o.value(cells[5], report.KindTime).(time.Time)
		for i := len(firewallHead); i < len(cells) && i < len(head); i++ {
			if cells[i] != "" {
				row.Ports, row.Says = append(row.Ports, head[i]), append(row.Says, cells[i])
			}
		}
		o.Firewall = append(o.Firewall, row)
	}
	return rows.Error()
}
