package workbook

import (
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/report"
	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// runs streams the rows into Runs, Runs 2, … and feeds the tally.
func (b *book) runs(total int, rows iter.Seq2[Row, error]) error {
	for _, row := range b.Firewall {
		b.tally.ports.add(row)
	}
	next, stop := iter.Pull2(rows)
	defer stop()
	layout := runLayout()
	for part := range b.parts {
		count := min(total, b.MaxRows-1)
		total -= count
		if err := b.runsPart(runsSheet(part), part, count, layout, next); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) runsPart(name string, part, count int, l layout, next func() (Row, error, bool)) error {
	extra := b.extraColumns()
	columns := len(l.columns) + len(extra)
	s, err := b.open(name, "A1:"+ooxml.CellName(columns, max(2, count+1)))
	if err != nil {
		return err
	}
	if err := b.runsHead(s, l, extra); err != nil {
		return err
	}
	if err := b.runRows(s, count, l, next); err != nil {
		return err
	}
	if err := b.colourRuns(name, l); err != nil {
		return err
	}
	if count == 0 {
		return s.Flush() // a table needs a row
	}
	err = s.AddTable(&excelize.Table{
		Range:     "A1:" + ooxml.CellName(len(l.columns)+b.tableExtras(extra), count+1),
		Name:      tableName(part),
		StyleName: "TableStyleLight9",
	})
	if err != nil {
		return err
	}
	return s.Flush()
}

// runRows writes the rows beside the sheet, which has a placeholder for them.
func (b *book) runRows(s *sheet, count int, l layout, next func() (Row, error, bool)) error {
	rows, err := b.beside(s)
	if err != nil {
		return err
	}
	formula, limits := l.readyFormula(), limitValues(b.Limits)
	for range count {
		row, err, ok := next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := rows.Add(b.runRow(rows, l, row, formula, limits)); err != nil {
			return err
		}
	}
	return s.standIn(rows)
}

func tableName(part int) string {
	if part == 0 {
		return "RunsTable"
	}
	return fmt.Sprintf("RunsTable%d", part+1)
}

func (b *book) extraColumns() []ExtraColumn {
	if b.Old == nil {
		return nil
	}
	return b.Old.Extra
}

// tableExtras is how many of the people's columns can be part of the table:
// its header cells must be filled and differ.
func (b *book) tableExtras(extra []ExtraColumn) int {
	seen := map[string]bool{}
	for _, column := range runLayout().columns {
		seen[strings.ToLower(column.Header)] = true
	}
	for i, column := range extra {
		name := strings.ToLower(column.Header)
		if name == "" || seen[name] {
			return i
		}
		seen[name] = true
	}
	return len(extra)
}

func (b *book) runsHead(s *sheet, l layout, extra []ExtraColumn) error {
	var cells []any
	if err := b.runsWidths(s, l); err != nil {
		return err
	}
	for _, column := range l.columns {
		cells = append(cells, excelize.Cell{StyleID: b.style.header, Value: column.Header})
	}
	for i, column := range extra {
		if column.Width > 0 {
			at := len(l.columns) + i + 1
			if err := s.SetColWidth(at, at, column.Width); err != nil {
				return err
			}
		}
		style := column.Style
		if style == 0 && column.Header != "" {
			style = b.style.header
		}
		cells = append(cells, excelize.Cell{StyleID: style, Value: column.Header})
	}
	if err := s.freeze(1, l.machine+1); err != nil {
		return err
	}
	return s.addRow(excelize.RowOpts{Height: 48}, cells...)
}

// runsWidths sets the widths of neighbours together: excelize goes through
// the list of widths for every cell.
func (b *book) runsWidths(s *sheet, l layout) error {
	for i := 0; i < len(l.columns); {
		same := i + 1
		for same < len(l.columns) && l.columns[same].width == l.columns[i].width && l.columns[same].kind == l.columns[i].kind && l.columns[same].fraction == l.columns[i].fraction {
			same++
		}
		if err := s.SetColWidth(i+1, same, l.columns[i].width); err != nil {
			return err
		}
		// The column's own style shows pasted rows as ours.
		style := 0
		switch {
		case l.columns[i].kind == report.KindTime:
			style = b.style.time
		case l.columns[i].fraction:
			style = b.style.two
		}
		if style > 0 {
			if err := s.SetColStyle(i+1, same, style); err != nil {
				return err
			}
		}
		i = same
	}
	return nil
}

// runRow makes the cells of one run and adds it to the tally.
func (b *book) runRow(w *ooxml.RowWriter, l layout, row Row, formula string, limits map[string]float64) []any {
	run, state := b.tallyRow(l, row, limits)
	cells := w.Buf()
	for i, value := range row.Cells {
		switch v := value.(type) {
		case float64:
			if l.columns[i].fraction {
				value = excelize.Cell{StyleID: b.style.two, Value: value}
			}
			cells = append(cells, value)
		case time.Time:
			cells = append(cells, b.timeCell(v, b.style.time))
		case string:
			if v == "" {
				value = nil
			}
			cells = append(cells, value)
		default:
			cells = append(cells, value)
		}
		if i == l.ready && run {
			cells[i] = excelize.Cell{Formula: strings.ReplaceAll(formula, "#", strconv.Itoa(w.Next)), Value: state}
		}
	}
	for _, look := range row.Styled {
		cells[look.Column] = b.restyled(look, cells[look.Column], row.OldRow == w.Next)
	}
	for _, extra := range row.Extra {
		for len(cells) < len(l.columns)+extra.Column {
			cells = append(cells, nil)
		}
		cells = append(cells, extra.cell(row.OldRow == w.Next))
	}
	return cells
}

// restyled gives a cell of ours the style that people gave it. A cell with a time
// keeps that style where it shows a time.
func (b *book) restyled(look ExtraCell, value any, stays bool) any {
	c, isCell := value.(excelize.Cell)
	if !isCell {
		c.Value = value
	}
	if look.Style != 0 && (c.StyleID == 0 || b.Old.pack.Format(look.Style).Looks == ooxml.LooksDate) {
		c.StyleID = look.Style
	}
	if stays && c.Formula == "" {
		c.Formula = look.Formula
	}
	return c
}

// tallyRow says what Ready shows. A row without a Run ID is somebody's own
// and counts nowhere.
func (b *book) tallyRow(l layout, row Row, limits map[string]float64) (isRun bool, shown string) {
	id := l.text(row, l.runID)
	if id == "" {
		return false, ""
	}
	run := tallied{
		machine:  int32(b.tally.machines.of(machineKey{l.text(row, l.organization), l.text(row, l.machine)}, machineKey.clone)),
		location: int32(b.tally.locations.of(l.text(row, l.location), strings.Clone)),
	}
	started := row.Started()
	b.tally.when(&run, started)
	values, ready := l.judge(row, limits)
	for i := range graded {
		run.figures[i] = float32(values[i])
	}
	run.state = ready
	failed, _ := number(row.Cells[l.portsFailed])
	run.ports = uint8(min(max(failed, 0), math.MaxUint8))
	b.tally.runs = append(b.tally.runs, run)
	remarks := l.text(row, l.remarks)
	if strings.Contains(remarks, RemarkLimits) {
		b.tally.otherLimit++
	}
	if strings.Contains(remarks, RemarkEdited) {
		b.tally.edited++
	}
	b.tallyPorts(l, row, id, started)
	return true, run.state.String()
}

func (b *book) tallyPorts(l layout, row Row, id string, started time.Time) {
	if len(row.Ports) == 0 {
		if l.firewallWanted(row) {
			b.tally.ports.noteWithout(b.tally.ports.key(machineKey{l.text(row, l.organization), l.text(row, l.machine)}, l.text(row, l.region)), id, started)
		}
		return
	}
	ports := MachinePorts{
		Organization: l.text(row, l.organization), Machine: l.text(row, l.machine), Location: l.text(row, l.location),
		Region: l.text(row, l.region), RunID: id, Started: started,
	}
	for _, port := range row.Ports {
		ports.Ports = append(ports.Ports, port.header())
		ports.Says = append(ports.Says, sayOf(port))
	}
	b.tally.ports.add(ports)
}

func (s state) String() string {
	switch s {
	case stateReady:
		return string(thresholds.Ready)
	case stateNotReady:
		return string(thresholds.NotReady)
	default:
		return string(thresholds.Undetermined)
	}
}

// number reads a cell as a number.
func number(cell any) (float64, bool) {
	switch v := cell.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

// colourRuns adds the conditional formats, down to the last row there can be,
// so that pasted rows have them too.
func (b *book) colourRuns(name string, l layout) error {
	column := func(place int) area { return area{place + 1, 2, place + 1, maxSheetRows} }
	for i, m := range graded {
		if err := b.colour(name, column(l.figures[i]), rule{m.condition, &b.style.bad}); err != nil {
			return err
		}
	}
	says := func(verdict thresholds.Verdict) func(string) string {
		return func(cell string) string { return fmt.Sprintf(`%s="%s"`, cell, verdict) }
	}
	for _, place := range []int{l.ready, l.verdict} {
		err := b.colour(name, column(place), rule{says(thresholds.NotReady), &b.style.bad},
			rule{says(thresholds.Ready), &b.style.good}, rule{says(thresholds.Undetermined), &b.style.maybe})
		if err != nil {
			return err
		}
	}
	return b.colour(name, column(l.remarks), rule{func(cell string) string { return "LEN(" + cell + ")>0" }, &b.style.maybe})
}
