package workbook

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

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
	groups := b.tally.machineGroups()
	worst := b.worstBlock(groups)
	measures := b.measuresBlock()
	ports := b.portsBlock()
	places := b.placesBlock()
	top := tableRow
	for _, block := range []*block{&worst, &measures, &ports, &places} {
		block.top = top + 2
		top += len(block.rows) + 4
	}
	s, err := b.open(SheetSummary, "A1:"+cellName(14, top))
	if err != nil {
		return err
	}
	if err := s.widths(22, 22, 18, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12); err != nil {
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
	if err := errorsOf(
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

// gap writes empty rows up to this one. Charts are placed by rows: a height
// that is said is the same everywhere.
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

// insteadOfPorts is a sentence in the place of a chart without bars.
func (s *sheet) insteadOfPorts(sentence string) error {
	st := s.book.style
	return errorsOf(s.gap(chartRow+chartRows-1),
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
	return fmt.Sprintf("No port fails in the newest run of any machine: %d were tested.", tested)
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
		{"machines with a run not ready", st.tilePlain, "", bad},
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
			if err := s.MergeCell(cellName(at+1, row), cellName(at+3, row)); err != nil {
				return err
			}
		}
	}
	note := "Made " + b.Made.UTC().Format("2006-01-02 15:04") + " UTC by netready " + b.Version + ". Limits stand in About; editing one there changes the colours and counts here."
	if b.Old != nil {
		note += " All sheets but Runs and your own were made anew when runs were added."
	}
	return errorsOf(
		s.addRow(excelize.RowOpts{Height: 32}, excelize.Cell{StyleID: st.title, Value: fmt.Sprintf("%d of %d runs are ready for cloud voice", all.ready, len(b.tally.runs))}),
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
	return strings.Join(sums, "+")
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
		name := columnName(column + 1)
		cells = append(cells, fmt.Sprintf("'%s'!$%s$2:$%s$%d", runsSheet(part), name, name, maxSheetRows))
	}
	return cells
}

func (b *book) worstBlock(groups []machineGroup) block {
	t := block{
		title: "Worst machines first", note: "By how often not ready, then by the lowest MOS. All machines: sheet Machines.",
		head: []any{
			"Machine", "Organization", "Location", "Runs", "Not ready (%)", "Worst MOS up", "Worst MOS down", "Jitter up (ms)", "Jitter down (ms)",
			"Loss up (%)", "Loss down (%)", "RTT avg (ms)",
		},
	}
	for _, m := range groups[:min(len(groups), worstShown)] {
		row := []any{m.machine, m.organization, m.location, len(m.runs), m.badShare()}
		for _, i := range []int{mosUp, mosDown, jitterUp, jitterDown, lossUp, lossDown, rttAvg} {
			if m.spreads[i].count == 0 {
				row = append(row, nil)
				continue
			}
			row = append(row, m.spreads[i].worst)
		}
		t.rows = append(t.rows, row)
	}
	if len(t.rows) == 0 {
		t.rows = [][]any{{"no runs yet"}}
	}
	return t
}

// measuresBlock counts the runs that break each limit.
func (b *book) measuresBlock() block {
	t := block{
		title: "What fails most", note: "Runs that break each limit.",
		head: []any{"Measure", "Limit", "Runs over it", "of all (%)", "Not measured"},
	}
	limits := limitValues(b.Limits)
	layout := runLayout()
	type line struct {
		i, broken, missing int
	}
	lines := make([]line, figures)
	for i, m := range graded {
		lines[i].i = i
		for _, run := range b.tally.runs {
			switch x := run.figures[i]; {
			case math.IsNaN(float64(x)):
				lines[i].missing++
			case m.breaks(round3(x), limits):
				lines[i].broken++
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(b.broken, a.broken) })
	for k, line := range lines {
		m := graded[line.i]
		share := 0.0
		if n := len(b.tally.runs); n > 0 {
			share = float64(line.broken*1000/n) / 10
		}
		row := tableRow + len(b.worstRows()) + 4 + 3 + k
		sign := "below"
		if m.least {
			sign = "at least"
		}
		t.rows = append(t.rows, []any{
			m.short,
			excelize.Cell{Formula: fmt.Sprintf(`"%s "&%s`, sign, m.limit), Value: fmt.Sprintf("%s %s", sign, figureText(limits[m.limit]))},
			excelize.Cell{Formula: m.count(b.runsColumn(layout.figures[line.i])), Value: line.broken},
			excelize.Cell{Formula: fmt.Sprintf("IF(%s=0,0,ROUND(100*C%d/(%s),1))", b.countRuns(), row, b.countRuns()), Value: share},
			line.missing,
		})
	}
	return t
}

// worstRows are the rows of the first table, for those who count from there.
func (b *book) worstRows() []struct{} {
	return make([]struct{}, max(1, min(len(b.tally.machines), worstShown)))
}

func (b *book) countRuns() string {
	var sums []string
	for _, cells := range b.runsColumn(runLayout().runID) {
		sums = append(sums, "COUNTA("+cells+")")
	}
	return strings.Join(sums, "+")
}

func (b *book) portsBlock() block {
	t := block{
		title: "Ports by failure", note: "Machines whose newest run says so. Every port of every machine: sheet Firewall.",
		head: []any{"Port", "Most frequent reason", "", "Machines failing", "Machines tested", "Required"},
	}
	if n := len(b.tally.ports.portless()); n > 0 {
		t.note += fmt.Sprintf(" Of %s the newest run came without its ports: see the end of that sheet.", counted(n, "machine"))
	}
	for _, p := range b.tally.ports.failures() {
		if len(t.rows) == portsShown {
			break
		}
		name, required := p.name, "yes"
		if p.optional {
			name, required = p.name+" (may fail)", "no"
		}
		t.rows = append(t.rows, []any{name, p.reason, nil, p.failed, p.tested, required})
		if p.failed > 0 {
			t.failing++
		}
	}
	if len(t.rows) == 0 {
		t.rows = [][]any{{"no port was tested", nil, nil, 0, 0}}
	}
	return t
}

func (b *book) placesBlock() block {
	t := block{
		title: placesTitle, note: "Medians of all runs at the place.",
		head: []any{placesHead, "Runs", "Not ready", "Not ready (%)", "MOS up", "MOS down", "Jitter up (ms)", "Jitter down (ms)", "Loss up (%)", "Loss down (%)", "RTT avg (ms)"},
	}
	groups := b.tally.by(func(run tallied) int64 { return int64(run.location) })
	slices.SortStableFunc(groups, func(x, y group) int {
		return cmp.Or(cmp.Compare(y.badShare(), x.badShare()), cmp.Compare(len(y.runs), len(x.runs)))
	})
	var buf []float32
	for _, g := range groups[:min(len(groups), placesShown)] {
		name := b.tally.locations[g.runs[0].location]
		if name == "" {
			name = "(none given)"
		}
		row := []any{name, len(g.runs), g.notReady, g.badShare()}
		for _, i := range []int{mosUp, mosDown, jitterUp, jitterDown, lossUp, lossDown, rttAvg} {
			var sp spread
			if sp, buf = spreadOf(g.runs, i, buf); sp.count == 0 {
				row = append(row, nil)
				continue
			}
			row = append(row, sp.median)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// colourSummary marks what breaks its limit in the tables.
func (b *book) colourSummary(worst, places block) error {
	mark := func(t block, column int, m measure) error {
		first := cellName(column, t.top+1)
		end := cellName(column, t.top+max(1, len(t.rows)))
		return b.file.SetConditionalFormat(SheetSummary, first+":"+end, []excelize.ConditionalFormatOptions{
			{Type: "formula", Criteria: m.condition(first), Format: &b.style.bad},
		})
	}
	share := func(t block, column int) error {
		first := cellName(column, t.top+1)
		end := cellName(column, t.top+max(1, len(t.rows)))
		return b.file.SetConditionalFormat(SheetSummary, first+":"+end, []excelize.ConditionalFormatOptions{{
			Type: "data_bar", Criteria: "=", MinType: "num", MinValue: "0", MaxType: "num", MaxValue: "100", BarColor: "#F8696B", BarSolid: true,
		}})
	}
	for i, figure := range []int{mosUp, mosDown, jitterUp, jitterDown, lossUp, lossDown, rttAvg} {
		if err := errorsOf(mark(worst, 6+i, graded[figure]), mark(places, 5+i, graded[figure])); err != nil {
			return err
		}
	}
	return errorsOf(share(worst, 5), share(places, 4))
}
