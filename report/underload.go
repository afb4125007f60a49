package report

import (
	"bytes"
	"fmt"
	"strings"

	"netready/internal/screen"
	"netready/probe/facts"
	"netready/thresholds"
)

// loadColumns are those of the call on a full line (`--under-load`), empty where that was
// not asked for.
func loadColumns() []Column {
	c := []Column{column("RPM idle", "", idlePhase, func(p *facts.LoadPhase) **float64 { return &p.IdleRPM }, asFigure)}
	for _, phase := range []struct {
		name string
		of   part[facts.LoadPhase]
	}{{", line full down", downPhase}, {", line full up", upPhase}} {
		figure := func(name, unit string, at func(*facts.LoadPhase) **float64) Column {
			return column(name+phase.name, unit, phase.of, at, asFigure)
		}
		c = append(
			c,
			figure("Traffic", "Mbit/s", func(p *facts.LoadPhase) **float64 { return &p.Mbps }),
			loadMOS("MOS up"+phase.name, phase.of, func(p *facts.LoadPhase) **facts.Direction { return &p.CallUp }),
			loadMOS("MOS down"+phase.name, phase.of, func(p *facts.LoadPhase) **facts.Direction { return &p.CallDown }),
			column("RTT avg"+phase.name, "ms", inPhase(phase.of, func(p *facts.LoadPhase) **facts.RTT { return &p.RTT }),
				func(t *facts.RTT) **float64 { return &t.AvgMS }, asFigure),
			figure("RPM", "", func(p *facts.LoadPhase) **float64 { return &p.RPM }),
			loadMOS("MOS up not marked"+phase.name, phase.of, func(p *facts.LoadPhase) **facts.Direction { return &p.UnmarkedUp }),
			loadMOS("MOS down not marked"+phase.name, phase.of, func(p *facts.LoadPhase) **facts.Direction { return &p.UnmarkedDown }),
			figure("RTT avg not marked", "ms", func(p *facts.LoadPhase) **float64 { return &p.UnmarkedRTTMS }),
		)
	}
	return c
}

func loadMOS(name string, of part[facts.LoadPhase], call func(*facts.LoadPhase) **facts.Direction) Column {
	return column(name, "", inPhase(of, call), func(d *facts.Direction) **float64 { return &d.MOS }, asFigure)
}

func underLoadOf(r *Report, fill bool) *facts.UnderLoad { return madeOf(&r.UnderLoad, fill) }

func downPhase(r *Report, fill bool) *facts.LoadPhase {
	if u := underLoadOf(r, fill); u != nil {
		return madeOf(&u.Down, fill)
	}
	return nil
}

func upPhase(r *Report, fill bool) *facts.LoadPhase {
	if u := underLoadOf(r, fill); u != nil {
		return madeOf(&u.Up, fill)
	}
	return nil
}

// idlePhase is the one of which the idle line's figures are taken: both have the same.
func idlePhase(r *Report, fill bool) *facts.LoadPhase {
	if u := r.UnderLoad; u != nil && u.Down == nil && u.Up != nil {
		return u.Up
	}
	return downPhase(r, fill)
}

// inPhase is a part of a phase.
func inPhase[T any](of part[facts.LoadPhase], at func(*facts.LoadPhase) **T) part[T] {
	return func(r *Report, fill bool) *T {
		if p := of(r, fill); p != nil {
			return madeOf(at(p), fill)
		}
		return nil
	}
}

// LoadColumns are the heads of the table of the call on a full line, after its name.
var LoadColumns = []string{"Expected", "Idle", "Full down", "Full up", "Result"}

// fullLine is the part of the TXT about the call on a full line. It stands between two
// parts that older versions read, in one that they do not.
func (t *sheet) fullLine(r Report) {
	rows := r.Limits.UnderLoad(r.Result)
	if len(rows) == 0 {
		return
	}
	t.heading(headLoad)
	t.line("Measurement", "Expectation", "Idle line", "Line full down", "Line full up", "Result")
	for _, row := range rows {
		limit := ""
		if row.Limit != nil {
			limit = row.Limit.Words(row.Unit)
		}
		cells := []string{row.Name, limit}
		for i, f := range []*float64{row.Idle, row.Down, row.Up} {
			cell := withWord(unitText(f, row.Unit), "MOS")
			if f == nil && i == 0 && row.Limit == nil {
				cell = ""
			}
			cells = append(cells, cell)
		}
		t.line(append(cells, row.Word)...)
	}
	for _, words := range loadWords(r) {
		t.line("In words", words)
	}
}

// loadWords say what the full line does to the call.
func loadWords(r Report) []string {
	var words []string
	for _, f := range r.Findings {
		if strings.HasPrefix(f.What, thresholds.WhatUnderLoad) {
			words = append(words, f.Text)
		}
	}
	return words
}

// LoadCell is a figure in a table for people; "" where there is none to be expected.
func LoadCell(f *float64, row thresholds.LoadRow) string {
	unit := row.Unit
	if _, after, long := strings.Cut(unit, "("); long {
		unit = strings.TrimSuffix(after, ")") // the name of the row says the rest
	}
	switch {
	case f == nil && row.Limit == nil:
		return ""
	case f == nil:
		return NotMeasured
	case row.Limit == nil:
		return thresholds.Figure(*f, unit)
	}
	return thresholds.FigureBy(*f, unit, *row.Limit)
}

// fullLine is the same on a terminal.
func fullLine(b *bytes.Buffer, r Report, p paint, width int) {
	rows := r.Limits.UnderLoad(r.Result)
	if len(rows) > 0 {
		fmt.Fprintf(b, "%s\n  %-22s %12s %13s %13s\n", p.bold(strings.ToUpper(thresholds.LoadTitle)), "", LoadColumns[1], LoadColumns[2], LoadColumns[3])
		for _, row := range rows {
			fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("  %-22s %12s %13s %13s  %s", row.Name, LoadCell(row.Idle, row), LoadCell(row.Down, row), LoadCell(row.Up, row), row.Word), " "))
		}
		fmt.Fprintln(b)
	}
	for _, words := range loadWords(r) {
		fmt.Fprintln(b, screen.Wrap(OneLine(words), width, 0, 2))
	}
	if r.UnderLoad != nil {
		fmt.Fprintln(b)
	}
}
