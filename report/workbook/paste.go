package workbook

import (
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

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

// drops says whether a row is a line of the TXT other than that one. The line
// of values ends a paste that was cut short; it gets the ports that stand above
// it.
func (p *paste) drops(row *Row, cells []string, l layout) bool {
	first := ""
	if len(cells) > 0 {
		first = strings.TrimSpace(cells[0])
	}
	switch {
	case first == report.TextFirst:
		*p = paste{open: true}
		return true
	case strings.HasPrefix(strings.Join(cells, " "), report.TextLast): // perhaps split at its spaces
		*p = paste{}
		return true
	case first == l.columns[l.runID].Header && !row.coded: // the line of names
		return true
	case row.RunID() != "" && (row.coded || !row.Started().IsZero() || row.doubts(l.started)):
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

// doubts says whether a column was not taken.
func (r *Row) doubts(place int) bool {
	return slices.ContainsFunc(r.Doubts, func(d Doubt) bool { return d.Column == runLayout().columns[place].Header })
}

// unfolded takes a line apart that a spreadsheet has put into one cell.
func (r sheetRow) unfolded() sheetRow {
	if len(r.cells) == 0 || r.cells[0].column != 1 || !strings.Contains(r.cells[0].text, "\t") {
		return r
	}
	for _, other := range r.cells[1:] {
		if other.text != "" {
			return r
		}
	}
	whole := sheetRow{number: r.number}
	for i, text := range strings.Split(r.cells[0].text, "\t") {
		if text != "" && i < excelize.MaxColumns {
			whole.cells = append(whole.cells, sheetCell{column: i + 1, kind: "str", text: text})
		}
	}
	return whole
}

// pastedIn reads the runs of TXTs that lie in a sheet of somebody's own. The
// line of names says which value is which.
func (o *Old) pastedIn(sheet oldSheet, yield func(Row, error) bool) error {
	r := &runsReader{o: o, l: runLayout(), sheet: sheet.name, alone: true}
	return o.pack.scanLoosely(sheet.part, o.texts, nil, func(from sheetRow) error {
		from = from.unfolded()
		line := from.line()
		if r.names(line) {
			return nil
		}
		row := r.row(from)
		if r.whole.drops(&row, line, r.l) || row.RunID() == "" || !row.coded && r.places == nil {
			return nil
		}
		r.places = nil // until the next TXT
		row.OldRow, row.Looks, row.Extra = 0, nil, nil
		if !yield(row, nil) {
			return errStop
		}
		return nil
	})
}

// names takes the line of names of a TXT.
func (r *runsReader) names(line []string) bool {
	if !r.whole.open || !slices.Contains(line, r.l.columns[r.l.runID].Header) || !slices.Contains(line, r.l.columns[r.l.started].Header) {
		return false
	}
	r.places = nil
	for _, name := range line {
		r.places = append(r.places, r.l.find(name))
	}
	return true
}
