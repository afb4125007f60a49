package workbook

import (
	"cmp"
	"errors"
	"fmt"
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

// A MachinePorts is one row of the sheet Firewall: what the newest run of a
// machine into a region says of every port.
type MachinePorts struct {
	Organization, Machine, Location, Region, RunID string
	Started                                        time.Time
	Ports                                          []string // names
	Says                                           []string // pass, fail: no_reply, …, by the side of Ports
}

// A portTally keeps a row for each machine and region.
type portTally struct {
	names  []string // of ports
	nameAt map[string]int
	says   []string
	sayAt  map[string]uint16
	rows   []portRow
	rowAt  map[portKey]int
	missed int // names that found no room

	without map[portKey]time.Time // newest runs without a firewall column here
}

type portKey struct{ organization, machine, region string }

type portRow struct {
	portKey
	location, runID string
	started         time.Time
	says            []uint16 // by port; 0: nothing
}

func newPortTally() portTally {
	return portTally{nameAt: map[string]int{}, says: []string{""}, sayAt: map[string]uint16{"": 0}, rowAt: map[portKey]int{}}
}

// optionalEnd marks a port that may fail.
const (
	optionalEnd = " (optional)"
	sayPass     = "pass"
)

// sayCell is a cell of the sheet. That a port which passes need not is a mark
// that only readers of the file see.
func (b *book) sayCell(say string) any {
	if say == sayPass+optionalEnd {
		return excelize.Cell{StyleID: b.style.optional, Value: sayPass}
	}
	return say
}

// sayOf puts a port's state into a cell. Who reads it back finds the state
// before the colon.
func sayOf(p PortCell) string {
	say := sayPass
	switch p.Status {
	case facts.StatusPass:
	case facts.StatusFail:
		say = "fail"
	default:
		say = "not measured"
	}
	if p.Reason != "" && say != sayPass {
		say += ": " + p.Reason
	}
	if !p.Required {
		say += optionalEnd
	}
	return say
}

// add takes a run's ports, if it is the newest of its machine and region.
func (t *portTally) add(row MachinePorts) {
	if len(row.Ports) == 0 {
		return
	}
	key := portKey{row.Organization, row.Machine, row.Region}
	at, ok := t.rowAt[key]
	if !ok {
		key = portKey{strings.Clone(key.organization), strings.Clone(key.machine), strings.Clone(key.region)}
		at = len(t.rows)
		t.rowAt[key] = at
		t.rows = append(t.rows, portRow{})
	} else if row.Started.Before(t.rows[at].started) {
		return
	}
	says := t.rows[at].says[:0]
	for i, name := range row.Ports {
		port := t.port(name)
		if port < 0 {
			continue
		}
		for len(says) <= port {
			says = append(says, 0)
		}
		says[port] = t.say(row.Says[i])
	}
	t.rows[at] = portRow{t.keyOf(at, key), strings.Clone(row.Location), strings.Clone(row.RunID), row.Started, says}
}

// keyOf is the key as the row has it already, so that no second copy stays.
func (t *portTally) keyOf(at int, key portKey) portKey {
	if t.rows[at].portKey == key {
		return t.rows[at].portKey
	}
	return key
}

func (t *portTally) port(name string) int {
	at, ok := t.nameAt[name]
	if ok {
		return at
	}
	if len(t.names) == maxPorts {
		t.missed++
		return -1
	}
	name = strings.Clone(name)
	t.nameAt[name] = len(t.names)
	t.names = append(t.names, name)
	return len(t.names) - 1
}

func (t *portTally) say(say string) uint16 {
	at, ok := t.sayAt[say]
	if !ok {
		if len(t.says) == 1<<16-1 {
			say, _, _ = strings.Cut(say, ":")
			return t.say(say)
		}
		say = strings.Clone(say)
		at = uint16(len(t.says))
		t.sayAt[say] = at
		t.says = append(t.says, say)
	}
	return at
}

// A portFailure says on how many machines a port failed.
type portFailure struct {
	name           string
	failed, tested int
	harm           int    // failed where it must not
	optional       int    // where it may fail, whether it did or not
	reason         string // the most frequent one
}

// required says whether the port must pass for anybody.
func (p portFailure) required() bool { return p.harm > 0 || p.optional == 0 }

// failures lists the ports, the most often failed first; those that may fail
// without harm come behind.
func (t *portTally) failures() []portFailure {
	list := make([]portFailure, len(t.names))
	reasons := make([]map[string]int, len(t.names))
	for i, name := range t.names {
		list[i].name = name
		reasons[i] = map[string]int{}
	}
	for _, row := range t.rows {
		for port, say := range row.says {
			text := t.says[say]
			if strings.HasSuffix(text, optionalEnd) {
				list[port].optional++
			}
			switch {
			case strings.HasPrefix(text, "pass"):
				list[port].tested++
			case strings.HasPrefix(text, "fail"):
				list[port].tested++
				list[port].failed++
				if !strings.HasSuffix(text, optionalEnd) {
					list[port].harm++
				}
				if _, reason, ok := strings.Cut(strings.TrimSuffix(text, optionalEnd), ": "); ok {
					reasons[port][reason]++
				}
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

// failing are the required ports that fail in the newest runs of each machine,
// with the reason.
func (t *portTally) failing() map[machineKey][]string {
	list := map[machineKey][]string{}
	for _, row := range t.rows {
		key := machineKey{row.organization, row.machine}
		for port, say := range row.says {
			text := t.says[say]
			if !strings.HasPrefix(text, "fail") || strings.HasSuffix(text, optionalEnd) {
				continue
			}
			name := t.names[port]
			if _, reason, ok := strings.Cut(text, ": "); ok {
				name += " (" + reason + ")"
			}
			if !slices.Contains(list[key], name) {
				list[key] = append(list[key], name)
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
			if text := t.says[say]; strings.HasPrefix(text, "fail") && !strings.HasSuffix(text, optionalEnd) {
				failed[i]++
			}
		}
	}
	slices.SortStableFunc(rows, func(i, j int) int {
		return cmp.Or(cmp.Compare(failed[j], failed[i]), cmp.Compare(t.rows[i].organization, t.rows[j].organization),
			cmp.Compare(t.rows[i].machine, t.rows[j].machine))
	})
	return rows, failed
}

// firewall writes machines by ports, the machines with most failures first.
func (b *book) firewall() error {
	t := &b.tally.ports
	rows, failed := t.worstFirst()
	rows = rows[:min(len(rows), b.MaxRows-1)]
	portless := t.withoutPortsText()
	last := max(2, len(rows)+1)
	if portless != "" {
		last = len(rows) + 3
	}
	s, err := b.open(SheetFirewall, "A1:"+ooxml.CellName(len(firewallHead)+len(t.names), last))
	if err != nil {
		return err
	}
	widths := []float64{20, 20, 18, 16, 29, 24, 12}
	for range t.names {
		widths = append(widths, 15)
	}
	if err := errors.Join(s.widths(widths...), s.freeze(1, 2)); err != nil {
		return err
	}
	head := make([]any, 0, len(widths))
	for _, name := range firewallHead {
		head = append(head, name)
	}
	for _, name := range t.names {
		head = append(head, name)
	}
	if err := s.addRow(excelize.RowOpts{Height: 48}, styled(b.style.header, head...)...); err != nil {
		return err
	}
	for _, i := range rows {
		row := t.rows[i]
		cells := []any{row.organization, row.machine, row.location, row.region, row.runID, b.timeCell(row.started, b.style.time), failed[i]}
		for _, say := range row.says {
			if say == 0 {
				cells = append(cells, nil)
				continue
			}
			cells = append(cells, b.sayCell(t.says[say]))
		}
		if err := s.add(cells...); err != nil {
			return err
		}
	}
	if len(t.names) > 0 {
		if err := b.colourPorts(len(firewallHead)+1, len(firewallHead)+len(t.names), len(rows)+1); err != nil {
			return err
		}
	}
	if err := b.filter(SheetFirewall, len(firewallHead)+len(t.names), len(rows)+1); err != nil {
		return err
	}
	if portless != "" { // below an empty row, outside of the list
		if err := errors.Join(s.add(), s.add(portless)); err != nil {
			return err
		}
	}
	return s.Flush()
}

func (b *book) colourPorts(from, to, last int) error {
	first := ooxml.CellName(from, 2)
	return b.file.SetConditionalFormat(SheetFirewall, first+":"+ooxml.CellName(to, max(2, last)), []excelize.ConditionalFormatOptions{
		{Type: "formula", Criteria: fmt.Sprintf(`AND(LEFT(%s,4)="fail",RIGHT(%s,10)="(optional)")`, first, first), Format: &b.style.maybe},
		{Type: "formula", Criteria: fmt.Sprintf(`LEFT(%s,4)="fail"`, first), Format: &b.style.bad},
		{Type: "formula", Criteria: fmt.Sprintf(`LEFT(%s,4)="pass"`, first), Format: &b.style.good},
		{Type: "formula", Criteria: fmt.Sprintf(`LEFT(%s,3)="not"`, first), Format: &b.style.none},
	})
}
