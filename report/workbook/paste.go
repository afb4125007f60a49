package workbook

import (
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"netready/report"
	"netready/report/workbook/ooxml"
)

// A paste is a whole TXT that somebody has pasted under the runs. Only two parts
// of it are kept: the line of values, which is in the order of the columns, and
// the firewall column, which the line of values does not hold.
type paste struct {
	open    bool
	inPorts bool
	ports   [][]string // lines of the firewall column, its names first
}

// mostPasted bounds the lines of a firewall column.
const mostPasted = 2 * maxPorts

// drops says whether a row is a line of the TXT other than the line of values.
// That line ends a paste that was cut short, and gets the ports above it.
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

// unfolded splits a line that a spreadsheet has put into one cell.
func unfolded(r ooxml.Row) ooxml.Row {
	if len(r.Cells) == 0 || r.Cells[0].Column != 1 || !strings.Contains(r.Cells[0].Text, "\t") {
		return r
	}
	for _, other := range r.Cells[1:] {
		if other.Text != "" {
			return r
		}
	}
	whole := ooxml.Row{Number: r.Number}
	for i, text := range strings.Split(r.Cells[0].Text, "\t") {
		if text != "" && i < excelize.MaxColumns {
			whole.Cells = append(whole.Cells, ooxml.Cell{Column: i + 1, Kind: "str", Text: text})
		}
	}
	return whole
}

// pastedIn reads the runs of TXTs in a sheet of somebody's own. The line of names
// says which value is which.
func (o *Old) pastedIn(sheet ooxml.Sheet, yield func(Row, error) bool) error {
	r := &runsReader{o: o, l: runLayout(), sheet: sheet.Name, alone: true}
	return o.pack.ScanLoosely(sheet.Part, nil, func(from ooxml.Row) error {
		from = unfolded(from)
		line := from.Line()
		if r.names(line) {
			return nil
		}
		row := r.row(from)
		if r.whole.drops(&row, line, r.l) || row.RunID() == "" || !row.coded && r.places == nil {
			return nil
		}
		r.places = nil // until the next TXT
		row.OldRow, row.Styled, row.Extra = 0, nil, nil
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
