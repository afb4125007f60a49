package workbook

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/probe/facts"
	"netready/report/workbook/ooxml"
)

// maxPorts is how many different rows of firewall columns the sheet shows.
// The list of regions has some thirty; more come from other lists only.
const maxPorts = 400

// mostPortName is how many characters of a port's name the sheet shows. The list of
// regions has thirty at most; a result of somebody else's making may have a cell full, and
// four hundred of them make a head that no program shows.
const mostPortName = 255

// A MachinePorts is one row of the sheet Firewall: what the newest run of a
// machine into a region says of every port.
type MachinePorts struct {
	Organization, Machine, Location, Region, RunID string
	Started                                        time.Time
	Ports                                          []string // names
	Says                                           []string // pass, fail: no_reply, …, one for each of Ports
}

// A portTally keeps a row for each machine and region. All but machines can be the zero
// value.
type portTally struct {
	machines  *numbering[machineKey]
	regions   numbering[string]
	locations numbering[string]

	names   numbering[string] // of ports
	says    numbering[string] // what they say
	rows    []portRow
	rowAt   map[portKey]int
	missed  int                   // names beyond maxPorts
	without map[portKey]time.Time // newest runs without a firewall column here
}

// A portKey is the numbers of a machine and a region.
type portKey struct{ machine, region int32 }

func (t *portTally) key(machine machineKey, region string) portKey {
	return portKey{int32(t.machines.of(machine, machineKey.clone)), int32(t.regions.of(region, strings.Clone))}
}

// compare is the order of the machines' names.
func (t *portTally) compare(a, b portKey) int {
	x, y := t.machines.values[a.machine], t.machines.values[b.machine]
	return cmp.Or(cmp.Compare(x.organization, y.organization), cmp.Compare(x.machine, y.machine))
}

type portRow struct {
	portKey
	location int32
	runID    string
	started  time.Time
	says     []uint16 // by port: a number in portTally.says, unsaid where the row has no such port
}

// unsaid is the number of a port that a row does not have.
const unsaid = math.MaxUint16

// optionalEnd marks a port that may fail.
const (
	optionalEnd = " (optional)"
	sayPass     = "pass"
)

// sayCell is a cell of the sheet. That a port which passes is optional is marked
// by the cell's number format, which only a program that reads the file sees.
func (b *book) sayCell(say string) any {
	if say == sayPass+optionalEnd {
		return excelize.Cell{StyleID: b.style.optional, Value: sayPass}
	}
	return say
}

// add takes a run's ports, if it is the newest of its machine and region.
func (t *portTally) add(row MachinePorts) {
	if len(row.Ports) == 0 {
		return
	}
	key := t.key(machineKey{row.Organization, row.Machine}, row.Region)
	at, ok := t.rowAt[key]
	if ok && row.Started.Before(t.rows[at].started) {
		return
	}
	if !ok {
		if t.rowAt == nil {
			t.rowAt = map[portKey]int{}
		}
		at = len(t.rows)
		t.rowAt[key] = at
		t.rows = append(t.rows, portRow{portKey: key})
	}
	kept := &t.rows[at]
	kept.location, kept.runID = int32(t.locations.of(row.Location, strings.Clone)), strings.Clone(row.RunID)
	kept.started, kept.says = row.Started, slices.Grow(kept.says[:0], len(row.Ports))
	for i, name := range row.Ports {
		name = clipped(name, mostPortName-1)
		if _, known := t.names.at[name]; !known && len(t.names.values) == maxPorts {
			t.missed++
			continue
		}
		port := t.names.of(name, strings.Clone)
		for len(kept.says) <= port {
			kept.says = append(kept.says, unsaid)
		}
		kept.says[port] = t.say(row.Says[i])
	}
}

// maxReasons is how many different texts are kept with their reasons. What
// comes later loses its reason, and the few words before it have their room.
const maxReasons = unsaid - 100

func (t *portTally) say(say string) uint16 {
	if _, known := t.says.at[say]; !known && len(t.says.values) >= maxReasons {
		say, _, _ = strings.Cut(say, ":")
	}
	if _, known := t.says.at[say]; !known && len(t.says.values) == unsaid {
		return unsaid // not a word of ours: a foreign workbook
	}
	return uint16(t.says.of(say, strings.Clone))
}

// cell is what a row says of a port.
func (t *portTally) cell(say uint16) PortCell {
	if say == unsaid {
		return PortCell{Status: facts.StatusNotMeasured, Required: true}
	}
	return portOf("", t.says.values[say])
}

// A portFailure says on how many machines a port failed.
type portFailure struct {
	name           string
	failed, tested int
	harm           int    // how often it failed and was required
	optional       int    // how often it was optional, failed or not
	reason         string // the most frequent one
}

// required says whether the port must pass on some machine.
func (p *portFailure) required() bool { return p.harm > 0 || p.optional == 0 }

// count takes what one machine says of the port.
func (p *portFailure) count(c PortCell) {
	if !c.Required {
		p.optional++
	}
	if c.Status != facts.StatusNotMeasured {
		p.tested++
	}
	if c.Status == facts.StatusFail {
		p.failed++
	}
	if c.harms() {
		p.harm++
	}
}

// failures lists the ports, those that fail most often first and optional ones
// last.
func (t *portTally) failures() []portFailure {
	list := make([]portFailure, len(t.names.values))
	reasons := make([]map[string]int, len(list))
	for i, name := range t.names.values {
		list[i].name = name
		reasons[i] = map[string]int{}
	}
	for _, row := range t.rows {
		for i, say := range row.says {
			cell := t.cell(say)
			list[i].count(cell)
			if cell.Status == facts.StatusFail && cell.Reason != "" {
				reasons[i][cell.Reason]++
			}
		}
	}
	for i := range list {
		for reason, count := range reasons[i] {
			best := list[i].reason
			if n := reasons[i][best]; best == "" || count > n || count == n && reason < best {
				list[i].reason = reason
			}
		}
	}
	slices.SortStableFunc(list, func(a, b portFailure) int {
		return cmp.Or(cmp.Compare(b.harm, a.harm), cmp.Compare(b.failed, a.failed), cmp.Compare(b.tested, a.tested))
	})
	return list
}

// failing are the required ports that fail in the newest runs of each machine, by its
// number, with the reason.
func (t *portTally) failing() map[int32][]string {
	list := map[int32][]string{}
	var texts numbering[string] // so that machines share them
	for _, row := range t.rows {
		for port, say := range row.says {
			cell := t.cell(say)
			if !cell.harms() {
				continue
			}
			name := t.names.values[port]
			if cell.Reason != "" {
				name += " (" + cell.Reason + ")"
			}
			name = texts.values[texts.of(name, strings.Clone)]
			if !slices.Contains(list[row.machine], name) {
				list[row.machine] = append(list[row.machine], name)
			}
		}
	}
	return list
}

// Columns of the sheet Firewall before the ports.
var firewallHead = []string{"Organization", "Machine", "Location", "Region", "Run ID", "Tested", "Required ports failed"}

// worstFirst is the order of the rows, those with most required ports failed
// first, and how many failed in each.
func (t *portTally) worstFirst() (rows, failed []int) {
	failed = make([]int, len(t.rows))
	for i, row := range t.rows {
		rows = append(rows, i)
		for _, say := range row.says {
			if t.cell(say).harms() {
				failed[i]++
			}
		}
	}
	slices.SortStableFunc(rows, func(i, j int) int {
		return cmp.Or(cmp.Compare(failed[j], failed[i]), t.compare(t.rows[i].portKey, t.rows[j].portKey))
	})
	return rows, failed
}

// portCells appends the cells of a row.
func (b *book) portCells(cells []any, row portRow, failed int) []any {
	t := &b.tally.ports
	machine := t.machines.values[row.machine]
	cells = append(cells, machine.organization, machine.machine, t.locations.values[row.location], t.regions.values[row.region],
		row.runID, b.timeCell(row.started, b.style.time), failed)
	for _, say := range row.says {
		if say == unsaid {
			cells = append(cells, nil)
			continue
		}
		cells = append(cells, b.sayCell(t.says.values[say]))
	}
	return cells
}

// firewall writes machines by ports, the machines with most failures first.
func (b *book) firewall() error {
	t := &b.tally.ports
	rows, failed := t.worstFirst()
	rows = rows[:min(len(rows), b.MaxRows-1)]
	withoutPorts := t.withoutPortsText()
	last := max(2, len(rows)+1)
	if withoutPorts != "" {
		last = len(rows) + 3
	}
	s, err := b.open(SheetFirewall, "A1:"+ooxml.CellName(len(firewallHead)+len(t.names.values), last))
	if err != nil {
		return err
	}
	widths := []float64{20, 20, 18, 16, 29, 24, 12}
	for range t.names.values {
		widths = append(widths, 15)
	}
	if err := errors.Join(s.widths(widths...), s.freeze(1, 2)); err != nil {
		return err
	}
	head := anys(slices.Concat(firewallHead, t.names.values))
	if err := s.addRow(excelize.RowOpts{Height: 48}, styled(b.style.header, head...)...); err != nil {
		return err
	}
	beside, err := b.beside(s)
	if err != nil {
		return err
	}
	for _, i := range rows {
		if err := beside.Add(b.portCells(beside.Buf(), t.rows[i], failed[i])); err != nil {
			return err
		}
	}
	if len(t.names.values) > 0 {
		if err := b.colourPorts(len(firewallHead)+1, len(firewallHead)+len(t.names.values), len(rows)+1); err != nil {
			return err
		}
	}
	if err := b.filter(SheetFirewall, len(firewallHead)+len(t.names.values), len(rows)+1); err != nil {
		return err
	}
	if withoutPorts != "" { // below an empty row, outside of the list
		if err := errors.Join(beside.Add(nil), beside.Add([]any{withoutPorts})); err != nil {
			return err
		}
	}
	if err := s.standIn(beside); err != nil {
		return err
	}
	return s.Flush()
}

func (b *book) colourPorts(from, to, last int) error {
	begins := func(word string) func(string) string {
		return func(cell string) string { return fmt.Sprintf(`LEFT(%s,%d)="%s"`, cell, len(word), word) }
	}
	failsOptional := func(cell string) string {
		return fmt.Sprintf(`AND(LEFT(%s,4)="fail",RIGHT(%s,10)="(optional)")`, cell, cell)
	}
	return b.colour(SheetFirewall, area{from, 2, to, max(2, last)}, rule{failsOptional, &b.style.maybe},
		rule{begins("fail"), &b.style.bad}, rule{begins("pass"), &b.style.good}, rule{begins("not"), &b.style.none})
}
