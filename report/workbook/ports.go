package workbook

import (
	"strings"

	"netready/probe/facts"
)

// PortsOf are the cells of a result's firewall column.
func PortsOf(rows []facts.PortRow) []PortCell {
	cells := make([]PortCell, len(rows))
	for i, row := range rows {
		cells[i] = PortCell{Name: row.Name, Family: row.Family, Status: row.Status, Reason: row.Reason, Required: row.Required}
	}
	return cells
}

// header is the name of the port's column in the sheet Firewall.
func (p PortCell) header() string {
	if p.Family == "" {
		return p.Name
	}
	return p.Name + " (" + p.Family + ")"
}

// harms says that the port must pass and fails.
func (p PortCell) harms() bool { return p.Required && p.Status == facts.StatusFail }

// sayOf is the text of a port's cell: the state, a colon, the reason.
func sayOf(p PortCell) string {
	say := sayPass
	switch p.Status {
	case facts.StatusPass:
	case facts.StatusFail:
		say = sayFail
	default:
		say = sayUnknown
	}
	if p.Reason != "" && say != sayPass {
		say += ": " + p.Reason
	}
	if !p.Required {
		say += optionalEnd
	}
	return say
}

// What the sheet says of a port that neither passed nor failed, and that failed.
const (
	sayFail    = "fail"
	sayUnknown = "not measured"
)

// Cells are the ports as a run's own row has them.
func (m MachinePorts) Cells() []PortCell {
	cells := make([]PortCell, len(m.Ports))
	for i, name := range m.Ports {
		cells[i] = portOf(name, m.Says[i])
	}
	return cells
}

// portOf reads what header and sayOf wrote.
func portOf(header, say string) PortCell {
	p := PortCell{Name: header, Status: facts.StatusNotMeasured}
	for _, family := range []string{"ipv4", "ipv6"} {
		if name, ok := strings.CutSuffix(header, " ("+family+")"); ok {
			p.Name, p.Family = name, family
		}
	}
	say, optional := strings.CutSuffix(say, optionalEnd)
	p.Required = !optional
	say, p.Reason, _ = strings.Cut(say, ": ")
	switch say {
	case sayPass:
		p.Status = facts.StatusPass
	case sayFail:
		p.Status = facts.StatusFail
	}
	return p
}
