package workbook

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/xuri/excelize/v2"
)

// measuresBlock counts the runs that break each limit.
func (b *book) measuresBlock(worstLines int) block {
	t := block{
		title: "What fails most", note: "Runs that break each limit.",
		head: []any{"Measure", "Limit", "Runs over it", "of all (%)", "Not measured"},
	}
	limits := limitValues(b.Limits)
	layout := runLayout()
	type line struct {
		i, broken, missing int
	}
	lines := make([]line, len(graded))
	for i, m := range graded {
		lines[i].i = i
		for _, run := range b.tally.runs {
			switch x := run.figures[i]; {
			case math.IsNaN(float64(x)):
				lines[i].missing++
			case m.breaks(round3(x), limits):
				lines[i].broken++
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(b.broken, a.broken) })
	for k, line := range lines {
		m := graded[line.i]
		share := 0.0
		if n := len(b.tally.runs); n > 0 {
			share = float64(line.broken*1000/n) / 10
		}
		row := tableRow + worstLines + 4 + 3 + k
		t.rows = append(t.rows, []any{
			m.short,
			excelize.Cell{Formula: fmt.Sprintf(`"%s "&%s`, sign(m.Measure), m.limit), Value: sign(m.Measure) + " " + figureText(limits[m.limit])},
			excelize.Cell{Formula: m.count(b.runsColumn(layout.figures[line.i])), Value: line.broken},
			excelize.Cell{StyleID: b.style.one, Formula: fmt.Sprintf("IF(%s=0,0,ROUND(100*C%d/%s,1))", b.countRuns(), row, b.countRuns()), Value: share},
			line.missing,
		})
	}
	return t
}

func (b *book) portsBlock() block {
	t := block{
		title: "Ports by failure", note: "Machines whose newest run says so. Every port of every machine: sheet Firewall.",
		head: []any{"Port", "Most frequent reason", "", "Machines failing", "Machines tested", "Required"},
	}
	if n := len(b.tally.ports.withoutPorts()); n > 0 {
		t.note += fmt.Sprintf(" Of %s the newest run came without its ports: see the end of that sheet.", counted(n, "machine"))
	}
	for _, p := range b.tally.ports.failures() {
		if len(t.rows) == portsShown {
			break
		}
		name, required := p.name, "yes"
		if !p.required() {
			name, required = p.name+" (may fail)", "no"
		}
		t.rows = append(t.rows, []any{name, p.reason, nil, p.failed, p.tested, required})
		if p.harm > 0 {
			t.failing++
		}
	}
	if len(t.rows) == 0 {
		t.rows = [][]any{{"no port was tested", nil, nil, 0, 0}}
	}
	return t
}
