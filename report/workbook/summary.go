package workbook

import (
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// Rows and sizes of the sheet Summary. The charts lie between the tiles and
// the tables; charts and tables meet by row number.
const (
	tileRow     = 4
	chartRow    = 7  // where the charts begin
	chartRows   = 18 // rows that a chart covers, with the gap below it
	chartHeight = 15 // of such a row, in points
	tableRow    = chartRow + 2*chartRows + 1
	worstShown  = 15
	portsShown  = 12
	placesShown = 20

	summaryColumns = 17
	placesTitle    = "By location"
	placesHead     = "Location"
)

// A block is a table in Summary, placed by its first row.
type block struct {
	title string
	note  string
	head  []any
	rows  [][]any
	top   int // the row of the header

	failing int // rows of portsBlock, from the first on, that a chart can show
}

// summary writes the first sheet: tiles, charts, and the tables behind them.
func (b *book) summary(leftOut int) error {
	groups := b.tally.machineGroups(limitValues(b.Limits))
	top := tableRow
	placed := func(t block) block {
		t.top = top + 2
		top += len(t.rows) + 4
		return t
	}
	worst := placed(b.worstBlock(groups, top+2))
	measures := placed(b.measuresBlock(len(worst.rows)))
	ports := placed(b.portsBlock())
	places := placed(b.placesBlock(top + 2))
	s, err := b.open(SheetSummary, "A1:"+ooxml.CellName(summaryColumns, top))
	if err != nil {
		return err
	}
	if err := s.widths(22, 22, 18, 12, 12, 18, 18, 18, 18, 12, 12, 12, 12, 12, 12, 12, 9); err != nil {
		return err
	}
	if err := b.tiles(s, groups, leftOut); err != nil {
		return err
	}
	if ports.failing == 0 {
		if err := s.insteadOfPorts(b.noPortFails()); err != nil {
			return err
		}
	}
	for _, block := range []block{worst, measures, ports, places} {
		if err := s.block(block); err != nil {
			return err
		}
	}
	if err := b.colourSummary(worst, places); err != nil {
		return err
	}
	if err := b.charts(worst, ports); err != nil {
		return err
	}
	return s.Flush()
}

// block writes a table at its place.
func (s *sheet) block(t block) error {
	if err := s.gap(t.top - 2); err != nil {
		return err
	}
	if err := errors.Join(
		s.add(excelize.Cell{StyleID: s.book.style.heading, Value: t.title}, nil, nil, excelize.Cell{StyleID: s.book.style.subtitle, Value: t.note}),
		s.addRow(excelize.RowOpts{Height: 32}, styled(s.book.style.header, t.head...)...)); err != nil {
		return err
	}
	for _, row := range t.rows {
		if err := s.add(row...); err != nil {
			return err
		}
	}
	return nil
}

// gap writes empty rows up to this one. Charts are placed by rows, so every
// program must use the same height: it is stated.
func (s *sheet) gap(to int) error {
	for s.row < to {
		if err := s.addRow(excelize.RowOpts{Height: chartHeight}); err != nil {
			return err
		}
	}
	return nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// insteadOfPorts writes a sentence where a chart would have no bars.
func (s *sheet) insteadOfPorts(sentence string) error {
	st := s.book.style
	return errors.Join(s.gap(chartRow+chartRows-1),
		s.addRow(excelize.RowOpts{Height: chartHeight}, excelize.Cell{StyleID: st.heading, Value: portsTitle}),
		s.addRow(excelize.RowOpts{Height: chartHeight}, excelize.Cell{StyleID: st.text, Value: sentence}))
}

// noPortFails says why there is nothing to draw.
func (b *book) noPortFails() string {
	tested := 0
	for _, p := range b.tally.ports.failures() {
		if p.tested > 0 {
			tested++
		}
	}
	if tested == 0 {
		return "No port was tested."
	}
	return fmt.Sprintf("No required port fails in the newest run of any machine: %d were tested.", tested)
}

// tiles writes the title and the counts. The counts are formulas, so that
// they follow the limits and rows that people paste.
func (b *book) tiles(s *sheet, groups []machineGroup, leftOut int) error {
	all := groupOf(b.tally.runs)
	bad := 0
	for _, m := range groups {
		if m.notReady > 0 {
			bad++
		}
	}
	st := b.style
	numbers := make([]any, 14)
	labels := make([]any, 14)
	for i, tile := range []struct {
		label   string
		style   int
		formula string
		value   int
	}{
		{"runs ready", st.tileGood, b.countReady(thresholds.Ready), all.ready},
		{"runs not ready", st.tileBad, b.countReady(thresholds.NotReady), all.notReady},
		{"runs undetermined", st.tileMaybe, b.countReady(thresholds.Undetermined), all.undetermined},
		{"machines", st.tilePlain, "", len(groups)},
		{"machines with a run not ready", st.tilePlain, b.countBadMachines(), bad},
		{"sources left out", st.tilePlain, "", leftOut},
	} {
		at := []int{0, 1, 2, 3, 6, 9}[i]
		numbers[at] = excelize.Cell{StyleID: tile.style, Formula: tile.formula, Value: tile.value}
		labels[at] = excelize.Cell{StyleID: st.tileLabel, Value: tile.label}
		if at >= 3 {
			numbers[at+1], numbers[at+2] = excelize.Cell{StyleID: tile.style}, excelize.Cell{StyleID: tile.style}
		}
	}
	for _, at := range []int{3, 6, 9} {
		for _, row := range []int{tileRow, tileRow + 1} {
			if err := s.MergeCell(ooxml.CellName(at+1, row), ooxml.CellName(at+3, row)); err != nil {
				return err
			}
		}
	}
	note := "Made " + b.Made.UTC().Format("2006-01-02 15:04") + " UTC by netready " + b.Version + ". The limits are in About; editing one there changes the colours and counts here."
	if b.Old != nil {
		note += " All sheets but Runs and your own were written again when runs were added."
	}
	return errors.Join(
		s.addRow(excelize.RowOpts{Height: 32}, excelize.Cell{
			StyleID: st.title, Formula: fmt.Sprintf(`%s&" of "&%s&" runs are ready for cloud voice"`, b.countReady(thresholds.Ready), b.countRuns()),
			Value: fmt.Sprintf("%d of %d runs are ready for cloud voice", all.ready, len(b.tally.runs)),
		}),
		s.add(excelize.Cell{StyleID: st.subtitle, Value: b.span() + ". " + note}),
		s.add(),
		s.addRow(excelize.RowOpts{Height: 40}, numbers...),
		s.add(labels...),
	)
}

// countReady is the formula that counts the runs of a verdict by the limits.
func (b *book) countReady(verdict thresholds.Verdict) string {
	var sums []string
	for _, cells := range b.runsColumn(runLayout().ready) {
		sums = append(sums, fmt.Sprintf(`COUNTIF(%s,"%s")`, cells, verdict))
	}
	return "(" + strings.Join(sums, "+") + ")"
}

// countRuns is the formula that counts all runs.
func (b *book) countRuns() string {
	return "(" + strings.Join([]string{b.countReady(thresholds.Ready), b.countReady(thresholds.NotReady), b.countReady(thresholds.Undetermined)}, "+") + ")"
}

// countBadMachines is the formula that counts the machines with a run not
// ready; "" where the sheet Machines has no formulas.
func (b *book) countBadMachines() string {
	if !b.machinesFollow() {
		return ""
	}
	return fmt.Sprintf(`COUNTIF(%s,">0")`, cells(SheetMachines, 6, 2, max(2, b.machineRows+1)))
}

// span is when the runs were made.
func (b *book) span() string {
	const minute = "2006-01-02 15:04"
	if b.tally.first.IsZero() {
		return "No runs yet"
	}
	return fmt.Sprintf("Runs from %s to %s UTC", b.tally.first.UTC().Format(minute), b.tally.last.UTC().Format(minute))
}

// runsColumn is a whole column of Runs, in every part of it.
func (b *book) runsColumn(column int) []string {
	var cells []string
	for part := range b.parts {
		name := ooxml.ColumnName(column + 1)
		cells = append(cells, fmt.Sprintf("'%s'!$%s$2:$%s$%d", runsSheet(part), name, name, maxSheetRows))
	}
	return cells
}
