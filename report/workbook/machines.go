package workbook

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// timeCell is a time as Excel's number, or an empty cell.
func (b *book) timeCell(t time.Time, style int) any {
	if t.IsZero() {
		return nil
	}
	days := excelTime(t)
	if b.Old != nil && b.Old.pack.Macs {
		days -= macDays
	}
	return excelize.Cell{StyleID: style, Value: days}
}

// excelTime is days since 1899-12-30, in UTC, and a tenth of a millisecond:
// a fraction of a day that a float holds a little too small is shown a second
// early by programs that cut off.
func excelTime(t time.Time) float64 {
	return (float64(t.UnixMilli()-excelEpoch) + 0.1) / 86_400_000
}

const excelEpoch = -2_209_161_600_000 // 1899-12-30 in Unix milliseconds

// filter gives a sheet the arrows of a filter.
func (b *book) filter(name string, columns, rows int) error {
	if rows < 2 {
		return nil
	}
	return b.file.AutoFilter(name, "A1:"+ooxml.CellName(columns, rows), nil)
}

// A machineGroup is what Machines and Summary say about one machine.
type machineGroup struct {
	machineKey
	group
	location    string
	first, last int64
	worstMOS    float64  // the lower one of up and down; 9 where there is none
	worstLoss   float64  // the higher one of up and down, in percent; 0 where there is none
	broken      int      // figures whose worst breaks its limit
	ports       []string // required ports that fail in the newest run, with the reason
	portsFailed int      // the most in one run
}

// bad is how much is wrong with the machine.
func (m machineGroup) bad() int { return m.broken + max(len(m.ports), m.portsFailed) }

// machineGroups sums up each machine, the worst first: by how often it is not
// ready, then by how much is bad, then by its lowest MOS and its loss.
func (t *tally) machineGroups(limits map[string]float64) []machineGroup {
	list, failing := make([]machineGroup, 0, len(t.machines.values)), t.ports.failing()
	for g := range t.by(func(run tallied) int64 { return int64(run.machine) }) {
		at := g.runs[0].machine
		m := machineGroup{machineKey: t.machines.values[at], group: g, ports: failing[at]}
		for _, run := range g.runs {
			m.portsFailed = max(m.portsFailed, int(run.ports))
			if m.first == 0 || run.started != 0 && run.started < m.first {
				m.first = run.started
			}
			if run.started >= m.last {
				m.last, m.location = run.started, t.locations.values[run.location]
			}
		}
		list = append(list, m.counted(limits))
	}
	slices.SortStableFunc(list, func(a, b machineGroup) int {
		return cmp.Or(
			cmp.Compare(b.badShare(), a.badShare()),
			cmp.Compare(b.bad(), a.bad()),
			cmp.Compare(a.worstMOS, b.worstMOS),
			cmp.Compare(b.worstLoss, a.worstLoss),
			cmp.Compare(a.organization, b.organization), cmp.Compare(a.machine, b.machine),
		)
	})
	return list
}

// counted notes what the machine is sorted by. The spreads themselves would take most of
// the memory: they are computed anew where they are shown.
func (m machineGroup) counted(limits map[string]float64) machineGroup {
	m.worstMOS = 9
	for i := range graded {
		worst := spreadOf(m.runs, i).worst
		if graded[i].breaks(worst, limits) {
			m.broken++
		}
		switch { // false for NaN
		case (i == mosUp || i == mosDown) && worst < m.worstMOS:
			m.worstMOS = worst
		case (i == lossUp || i == lossDown) && worst > m.worstLoss:
			m.worstLoss = worst
		}
	}
	return m
}

var machinesHead = []string{"Organization", "Machine", "Location", "Runs", "Ready", "Not ready", "Undetermined", "Not ready (%)", "First run", "Last run"}

// machines writes one row for each machine: median, worst and 95th percentile
// of each figure, and how often it is not ready.
func (b *book) machines() error {
	list := b.tally.machineGroups(limitValues(b.Limits))
	list = list[:min(len(list), b.MaxRows-1)]
	b.machineRows = len(list)
	columns := len(machinesHead) + 3*len(graded)
	s, err := b.open(SheetMachines, "A1:"+ooxml.CellName(columns, max(2, len(list)+1)))
	if err != nil {
		return err
	}
	head := anys(machinesHead)
	for _, m := range graded {
		head = append(head, m.header+" median", m.header+" 95th percentile", m.header+" worst")
	}
	widths := []float64{20, 20, 18, 8, 8, 8, 14, 10, 24, 24}
	for range 3 * len(graded) {
		widths = append(widths, 13)
	}
	if err := errors.Join(s.widths(widths...), s.freeze(1, 2),
		s.addRow(excelize.RowOpts{Height: 48}, styled(b.style.header, head...)...)); err != nil {
		return err
	}
	beside, err := b.beside(s)
	if err != nil {
		return err
	}
	for i, m := range list {
		if err := beside.Add(b.machineCells(m, i+2)); err != nil {
			return err
		}
	}
	if err := s.standIn(beside); err != nil {
		return err
	}
	if err := b.colourMachines(max(2, len(list)+1)); err != nil {
		return err
	}
	if err := b.filter(SheetMachines, columns, len(list)+1); err != nil {
		return err
	}
	return s.Flush()
}

// mostMatches bounds what a spreadsheet has to compare for the formulas of
// Machines: beyond it opening the workbook takes too long.
const mostMatches = 10_000_000

// machinesFollow says whether the counts of Machines are formulas, which follow
// the limits.
func (b *book) machinesFollow() bool {
	return len(b.tally.machines.values)*len(b.tally.runs) <= mostMatches
}

// machineCells are those of a machine, in a row of the sheet.
func (b *book) machineCells(m machineGroup, at int) []any {
	counted := func(verdict thresholds.Verdict, value int) any {
		if !b.machinesFollow() {
			return value
		}
		return excelize.Cell{Formula: b.countOf(verdict, b.ofMachine(ooxml.CellName(1, at), ooxml.CellName(2, at))...), Value: value}
	}
	cells := []any{
		m.organization, m.machine, m.location, len(m.runs),
		counted(thresholds.Ready, m.ready), counted(thresholds.NotReady, m.notReady), counted(thresholds.Undetermined, m.undetermined),
		excelize.Cell{StyleID: b.style.one, Formula: fmt.Sprintf("IF(D%d=0,0,ROUND(100*F%d/D%d,1))", at, at, at), Value: m.badShare()},
		b.unixCell(m.first), b.unixCell(m.last),
	}
	for i := range graded {
		spread := spreadOf(m.runs, i)
		cells = append(cells, b.figure(spread.median), b.figure(spread.p95), b.figure(spread.worst))
	}
	return cells
}

func (b *book) unixCell(seconds int64) any {
	if seconds == 0 {
		return nil
	}
	return b.timeCell(time.Unix(seconds, 0), b.style.time)
}

// machineColumn is the column of a figure in Machines: 0 median, 1 95th
// percentile, 2 worst.
func machineColumn(figure, which int) int { return len(machinesHead) + 3*figure + which + 1 }

func (b *book) colourMachines(last int) error {
	for i, m := range graded {
		if err := b.colour(SheetMachines, area{machineColumn(i, 0), 2, machineColumn(i, 2), last}, rule{m.condition, &b.style.bad}); err != nil {
			return err
		}
	}
	isNumber := func(sign string) func(string) string {
		return func(cell string) string { return fmt.Sprintf("AND(ISNUMBER(%s),%s%s0)", cell, cell, sign) }
	}
	return b.colour(SheetMachines, area{8, 2, 8, last}, rule{isNumber(">"), &b.style.bad}, rule{isNumber("="), &b.style.good})
}
