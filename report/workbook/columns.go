package workbook

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"netready/probe/facts"
	"netready/report"
	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// What the column Remarks says of a run; people may filter by it.
const (
	RemarkLimits = "judged by other limits"
	RemarkEdited = "file was edited"
	RemarkSample = "sample row"
	RemarkUnread = "not read:" // and the column, with what the cell held
)

// signatureColumn says of each run whether it is signed, and by whom.
const signatureColumn = "Signature"

type runColumn struct {
	Header string
	kind   report.Kind
	width  float64 // in characters
	value  func(*report.Report) any
	unit   string // ms, %, Mbit/s or none

	fraction    bool      // a figure that may have decimals; otherwise a whole number
	least, most float64   // what it can be; most 0: anything
	shareOf     [2]string // columns whose share in percent it is: lost of sent
}

// A layout is the columns of the sheet Runs, and the places of those that the
// workbook itself works with. All of these exist: TestLayoutIsComplete.
type layout struct {
	columns []runColumn
	places  map[string]int // by lower-case header

	runID, organization, machine, location, region, started, ready, verdict, notes, signature, remarks, source, rowCode int
	portsFailed, portsUnknown, complete, limits, parts                                                                  int
	unreliableUp, unreliableDown                                                                                        int
	figures                                                                                                             []int
}

// runLayout is computed once: it is asked for in every row.
var runLayout = sync.OnceValue(func() layout {
	l := layout{columns: runColumns(), places: map[string]int{}, figures: make([]int, len(graded))}
	for i, column := range l.columns {
		l.places[strings.ToLower(column.Header)] = i
	}
	for header, place := range map[string]*int{
		"Run ID": &l.runID, "Organization": &l.organization, "Machine": &l.machine, "Location": &l.location, "Region": &l.region,
		"Started": &l.started, "Ready": &l.ready, "Verdict at run time": &l.verdict, "Notes": &l.notes, signatureColumn: &l.signature, "Remarks": &l.remarks,
		"Source": &l.source, "Required ports failed": &l.portsFailed, "Required ports not measured": &l.portsUnknown, "Complete": &l.complete, "Limits": &l.limits, "Parts": &l.parts, report.RowCodeColumn: &l.rowCode,
		report.UnreliableColumn + " up": &l.unreliableUp, report.UnreliableColumn + " down": &l.unreliableDown,
	} {
		*place = l.find(header)
	}
	for i, m := range graded {
		l.figures[i] = l.find(m.header)
	}
	return l
})

// find is the place of a column, or -1.
func (l layout) find(header string) int {
	if at, ok := l.places[strings.ToLower(strings.TrimSpace(header))]; ok {
		return at
	}
	return -1
}

// text is a cell as text.
func (l layout) text(row Row, place int) string {
	if place < 0 || place >= len(row.Cells) || row.Cells[place] == nil {
		return ""
	}
	if text, ok := row.Cells[place].(string); ok {
		return text
	}
	return fmt.Sprint(row.Cells[place])
}

// judge reads the graded figures of a row, NaN where one was not measured, and
// says what Ready shows.
func (l layout) judge(row Row, limits map[string]float64) (values [mostFigures]float64, shown state) {
	broken, missing := false, false
	for i, m := range graded {
		value, ok := number(row.Cells[l.figures[i]])
		if !ok {
			values[i], missing = math.NaN(), true
			continue
		}
		values[i] = value
		if m.breaks(value, limits) {
			doubtful := l.isDoubtful(row, i)
			broken, missing = broken || !doubtful, missing || doubtful
		}
	}
	return values, l.stateOf(row, broken, missing)
}

// stateOf is what Ready says: the same as the formula.
func (l layout) stateOf(row Row, broken, missing bool) state {
	failed, _ := number(row.Cells[l.portsFailed])
	unknown, known := number(row.Cells[l.portsUnknown])
	switch {
	case broken || failed > 0:
		return stateNotReady
	case missing && l.voiceWanted(row), unknown > 0 || !known, l.text(row, l.complete) != "yes", l.text(row, l.verdict) == string(thresholds.Undetermined):
		return stateUndetermined
	}
	return stateReady
}

// voiceWanted says whether the run was to measure a call; --only may have left
// that out. A row that does not say was to measure all.
func (l layout) voiceWanted(row Row) bool {
	parts := l.text(row, l.parts)
	return parts == "" || strings.Contains(parts, facts.PartVoice)
}

// firewallWanted is the same of the ports.
func (l layout) firewallWanted(row Row) bool {
	parts := l.text(row, l.parts)
	return parts == "" || strings.Contains(parts, facts.PartFirewall)
}

// readyFormula is the formula of the column Ready; # is replaced by the row.
// MAX and COUNT pass over empty cells and texts.
func (l layout) readyFormula() string {
	at := func(place int) string { return ooxml.ColumnName(place+1) + "#" }
	var broken, doubtful, cells []string
	for i := range graded {
		cells = append(cells, at(l.figures[i]))
		breaks, doubt := l.conditions(i, at)
		broken = append(broken, breaks)
		if doubt != "" {
			doubtful = append(doubtful, doubt)
		}
	}
	broken = append(broken, "N("+at(l.portsFailed)+")>0")
	missing := append([]string{ // as voiceWanted
		fmt.Sprintf(`AND(COUNT(%s)<%d,OR(LEN(%s)=0,ISNUMBER(FIND("%s",%s))))`, strings.Join(cells, ","), len(cells), at(l.parts), facts.PartVoice, at(l.parts)),
	}, doubtful...)
	missing = append(missing, "NOT(ISNUMBER("+at(l.portsUnknown)+"))", "N("+at(l.portsUnknown)+")>0",
		fmt.Sprintf(`%s<>"yes"`, at(l.complete)), fmt.Sprintf(`%s="%s"`, at(l.verdict), thresholds.Undetermined))
	return fmt.Sprintf(`IF(OR(%s),"%s",IF(OR(%s),"%s","%s"))`,
		strings.Join(broken, ","), thresholds.NotReady, strings.Join(missing, ","), thresholds.Undetermined, thresholds.Ready)
}

// runColumns are the columns that a TXT's last row has too, and then those
// that only a workbook has.
func runColumns() []runColumn {
	var list []runColumn
	for _, column := range report.Columns() {
		c := runColumn{Header: column.Name, kind: column.Kind, value: column.Value, width: 13}
		switch column.Kind {
		case report.KindTime:
			c.width = 24
		case report.KindText:
			c.width = 18
		case report.KindNumber:
		}
		if width, ok := widths[column.Name]; ok {
			c.width = width
		}
		c.bounds(column)
		list = append(list, c)
	}
	return append(list, runColumn{Header: signatureColumn, width: 20}, runColumn{Header: "Remarks", width: 36}, runColumn{Header: "Source", width: 60})
}

// bounds notes what a figure can be, for those that are read from what people
// have pasted.
func (c *runColumn) bounds(column report.Column) {
	name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(column.Name, " (%)"), " up"), " down")
	way := strings.TrimPrefix(strings.TrimSuffix(column.Name, " (%)"), name)
	c.unit = column.Unit
	c.fraction = column.Unit != "" || strings.HasSuffix(column.Name, "(ms)")
	for _, m := range thresholds.Measures() {
		if m.Column == name {
			c.fraction, c.least, c.most = true, m.Least, m.Most
		}
	}
	switch name {
	case "R":
		c.fraction, c.most = true, 120
	case "BurstR":
		c.fraction = true
	case "Loss":
		c.shareOf = [2]string{"Lost" + way, "Sent" + way}
	case "Discards":
		c.shareOf = [2]string{"Discarded" + way, "Sent" + way}
	case "Worst window", "CPU busy":
		c.most = 100
	}
}

// widths are those of columns that hold more, or less, than others.
var widths = map[string]float64{
	"Run ID": 30, "Ready": 15, "Verdict at run time": 15, "Complete": 10, "Ports failed": 30, "What first": 60,
	"Not measured": 30, "Limits": 40, "Notes": 40, report.RowCodeColumn: 12,
}

// FromFile is the row of a result that was read from a file or a store: with where it was
// read, what its signature tells and, in Remarks, what is odd about it. A Marker adds to
// Remarks what follows from the limits of the table that the row is written into.
func FromFile(source string, r report.Report, note report.Note) Row {
	row := FromReport(r)
	var remarks []string
	if note.Changed() {
		remarks = []string{RemarkEdited}
	}
	row.Label(report.OneLine(source), remarks)
	row.sign(report.SignedWords(r, note.Signed))
	return row
}

// FromReport is the row of a run.
func FromReport(r report.Report) Row {
	l := runLayout()
	row := Row{Cells: make([]any, len(l.columns)), Ports: PortsOf(r.Firewall)}
	for i, column := range l.columns {
		if column.value != nil {
			row.Cells[i] = column.value(&r)
		}
	}
	return row
}
