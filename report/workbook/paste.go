package workbook

import (
	"strings"

	"netready/report"
)

// A paste is a whole TXT that somebody has pasted under the runs: all of it
// goes but the line of values, which is in the order of the columns, and the
// firewall column, which the line of values does not hold.
type paste struct {
	open    bool
	inPorts bool
	ports   [][]string // lines of the firewall column, its names first
}

// mostPasted bounds the lines of a firewall column.
const mostPasted = 2 * maxPorts

// drops says whether a row is a line of the TXT other than that one. A row
// with a time in Started is a run, and ends a paste that was cut short; it gets
// the ports that stand above it.
func (p *paste) drops(row *Row, cells []string) bool {
	first := ""
	if len(cells) > 0 {
		first = strings.TrimSpace(cells[0])
	}
	switch {
	case first == report.TextFirst:
		*p = paste{open: true}
		return true
	case first == report.TextLast:
		*p = paste{}
		return true
	case !row.Started().IsZero():
		if p.open {
			row.Ports = PortsOf(report.PastedPorts(p.ports))
		}
		*p = paste{}
	case p.open && first == report.TextPorts:
		p.inPorts = true
	case p.open && first == report.TextAfterPorts:
		p.inPorts = false
	case p.inPorts && first != "" && len(p.ports) < mostPasted:
		p.ports = append(p.ports, cells)
	}
	return p.open
}
