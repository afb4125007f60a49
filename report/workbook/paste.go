package workbook

import "netready/report"

// A paste is a whole TXT that somebody has pasted under the runs: all of it
// goes but the line of values, which is in the order of the columns.
type paste struct{ open bool }

// drops says whether a row is a line of the TXT other than that one. A row
// with a time in Started is a run, and ends a paste that was cut short.
func (p *paste) drops(row Row) bool {
	switch first := row.RunID(); {
	case first == report.TextFirst:
		p.open = true
		return true
	case first == report.TextLast:
		p.open = false
		return true
	case !row.Started().IsZero():
		p.open = false
	}
	return p.open
}
