package workbook

import (
	"fmt"
	"math"
	"strings"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// Columns of the table of the worst machines. The text of Why runs over the empty
// cells to the right of it.
const (
	worstFigures = 10 // the first figure
	worstLimit   = 17 // the limit of MOS, for the chart
	mostWhyPorts = 3
	mostWhyText  = 200 // characters: a text in a formula may have 255
)

// shownFigures are those that the tables of Summary show.
var shownFigures = []int{mosUp, mosDown, jitterUp, jitterDown, lossUp, lossDown, rttAvg}

// worstBlock lists the machines to look at first. top is the row of its header.
func (b *book) worstBlock(groups []machineGroup, top int) block {
	t := block{
		title: "Worst machines first", note: "By how often not ready, then by how much is bad. Figures are the worst of all runs. All machines: sheet Machines.",
		head: []any{
			"Machine", "Organization", "Location", "Runs", "Not ready (%)", "Why", nil, nil, nil, "Worst MOS up", "Worst MOS down", "Jitter up (ms)", "Jitter down (ms)",
			"Loss up (%)", "Loss down (%)", "RTT avg (ms)", "MOS limit",
		},
	}
	for k, m := range groups[:min(len(groups), worstShown)] {
		at := top + 1 + k
		why, formula := b.why(m)
		row := []any{
			m.machine, m.organization, m.location, len(m.runs),
			excelize.Cell{StyleID: b.style.one, Formula: fmt.Sprintf("IF(D%d=0,0,ROUND(100*%s/D%d,1))", at, b.countOf(thresholds.NotReady, b.ofMachine(ooxml.CellName(2, at), ooxml.CellName(1, at))...), at), Value: m.badShare()},
			excelize.Cell{StyleID: b.style.why, Formula: formula, Value: why},
			nil, nil, nil,
		}
		for _, i := range shownFigures {
			row = append(row, b.figure(spreadOf(m.runs, i).worst))
		}
		t.rows = append(t.rows, append(row, excelize.Cell{StyleID: b.style.faint, Formula: "limit_mos", Value: limitValues(b.Limits)["limit_mos"]}))
	}
	if len(t.rows) == 0 {
		t.rows = [][]any{{"no runs yet"}}
	}
	return t
}

// why says which figures and ports of a machine are bad; the formula says it
// by the limits in the sheet About.
func (b *book) why(m machineGroup) (text, formula string) {
	limits := limitValues(b.Limits)
	var parts []string
	add := func(words string) { text, parts = text+", "+words, append(parts, quoted(", "+words)) }
	if ports := m.portsText(); ports != "" {
		add(ports)
	}
	for i, measure := range graded {
		worst := spreadOf(m.runs, i).worst
		if math.IsNaN(worst) {
			continue
		}
		words := ", " + strings.TrimSpace(fmt.Sprintf("%s %s %s", measure.short, roughText(worst), measure.Unit))
		parts = append(parts, fmt.Sprintf(`IF(%s%s%s,%s,"")`, figureText(worst), measure.over(), measure.limit, quoted(words)))
		if measure.breaks(worst, limits) {
			text += words
		}
	}
	if m.undetermined > 0 {
		add("not everything was measured")
	}
	if len(parts) == 0 {
		return "", ""
	}
	return strings.TrimPrefix(text, ", "), "MID(" + strings.Join(parts, "&") + ",3,999)"
}

// portsText names the required ports that fail.
func (m machineGroup) portsText() string {
	switch {
	case len(m.ports) > mostWhyPorts:
		return clipped(strings.Join(m.ports[:mostWhyPorts], ", "), mostWhyText) + fmt.Sprintf(" and %s more", counted(len(m.ports)-mostWhyPorts, "port"))
	case len(m.ports) > 0:
		return clipped(strings.Join(m.ports, ", "), mostWhyText)
	case m.portsFailed > 0: // a line pasted from a TXT tells how many, not which
		return counted(m.portsFailed, "required port") + " failed"
	}
	return ""
}

// clipped keeps the first characters of a text.
func clipped(text string, most int) string {
	if len(text) <= most { // bytes: no more than that of characters
		return text
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// quoted is a text in a formula.
func quoted(text string) string { return `"` + strings.ReplaceAll(ooxml.Text(text), `"`, `""`) + `"` }

// A match is a column of Runs and what COUNTIFS compares it with.
type match struct {
	column int // place in the layout
	with   string
}

// criterion compares with the text of a cell: * and ? in it are no wildcards.
func criterion(cell string) string {
	return fmt.Sprintf(`"="&SUBSTITUTE(SUBSTITUTE(SUBSTITUTE(%s,"~","~~"),"*","~*"),"?","~?")`, cell)
}

// ofMachine are the runs of the machine whose names are in two cells.
func (b *book) ofMachine(organization, machine string) []match {
	l := runLayout()
	return []match{{l.organization, criterion(organization)}, {l.machine, criterion(machine)}}
}

// countOf is the formula that counts runs of a verdict, by the limits.
func (b *book) countOf(verdict thresholds.Verdict, matches ...match) string {
	l := runLayout()
	var sums []string
	for part := range b.parts {
		args := []string{b.runsColumn(l.ready)[part], quoted(string(verdict))}
		for _, m := range matches {
			args = append(args, b.runsColumn(m.column)[part], m.with)
		}
		sums = append(sums, "COUNTIFS("+strings.Join(args, ",")+")")
	}
	return "(" + strings.Join(sums, "+") + ")"
}
