package report

import (
	"math"
	"slices"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/thresholds"
)

// Kind is what a column's cells hold. Any cell may be empty: not measured.
type Kind int

// The kinds of column.
const (
	KindText   Kind = iota // string
	KindNumber             // float64, with its unit in the column's name
	KindTime               // time.Time, UTC, whole seconds
)

// A Column is one column of the sheet Runs and of a TXT's last part. Its name is unique
// and keeps its meaning, since one sheet holds rows of many years.
type Column struct {
	Name  string
	Unit  string
	Kind  Kind
	Value func(*Report) any // string, float64, time.Time, or nil for not measured
	set   func(*Report, any)
}

// Columns lists them in the order of the sheet. New ones go before Notes.
func Columns() []Column {
	columns := []Column{
		textColumn("Run ID", func(r *Report) *string { return &r.RunID }),
		textColumn("Organization", func(r *Report) *string { return &r.Organization }),
		textColumn("Machine", func(r *Report) *string { return &r.Machine.Hostname }),
		textColumn("Location", func(r *Report) *string { return &r.Location }),
		textColumn("Region", func(r *Report) *string { return &r.Region.ID }),
		column("Started", "", wholeReport, func(r *Report) *time.Time { return &r.StartedAt }, asTime),
		{Name: "Ready", Value: func(r *Report) any { return textOrNil(string(r.Verdict)) }},
		column("Verdict at run time", "", wholeReport, func(r *Report) *string { return (*string)(&r.Verdict) }, asText),
		column("Complete", "", wholeReport, func(r *Report) *bool { return &r.Complete }, asFlag),
	}
	columns = append(columns, gradedColumns()...)
	further := slices.DeleteFunc(furtherColumns(), func(c Column) bool { // a figure that has got a limit is in the table of measures too
		return slices.ContainsFunc(columns, func(graded Column) bool { return graded.Name == c.Name })
	})
	for _, more := range [][]Column{further, portColumns(), settingColumns(), loopColumns(), loadColumns()} {
		columns = append(columns, more...)
	}
	columns = append(columns, textColumn("Bandwidth note", func(r *Report) *string { return &r.Bandwidth.Note }))
	// The code is made by WriteText; in a workbook the column is empty.
	columns = append(columns, Column{Name: RowCodeColumn, Value: func(*Report) any { return nil }})
	return append(columns, Column{Name: "Notes", Value: func(*Report) any { return nil }})
}

// gradedColumns are the figures that have a limit.
func gradedColumns() []Column {
	var c []Column
	for _, m := range thresholds.Measures() {
		if m.Single() {
			c = append(c, column(m.Column, "ms", rttOf, func(t *facts.RTT) **float64 { return &t.AvgMS }, asFigure))
			continue
		}
		c = append(c, bothWays(m.Column, m.Unit, m.Side, asFigure)...)
	}
	return c
}

func furtherColumns() []Column {
	var c []Column
	c = append(c, bothWays("Jitter max", "ms", func(d *facts.Direction) **float64 { return &d.JitterMaxMS }, asFigure)...)
	c = append(c, bothWays("PDV p99", "ms", func(d *facts.Direction) **float64 { return &d.PDVp99MS }, asFigure)...)
	c = append(c, bothWays("R", "", func(d *facts.Direction) **float64 { return &d.R }, asFigure)...)
	c = append(c, bothWays("BurstR", "", func(d *facts.Direction) **float64 { return &d.Burst.BurstR }, asFigure)...)
	c = append(c, bothWays("Worst window", "%", func(d *facts.Direction) **float64 { return &d.Burst.WorstWindowPercent }, asFigure)...)
	c = append(c, bothWays("Sent", "", func(d *facts.Direction) *int { return &d.Sent }, asCount)...)
	c = append(c, bothWays("Received", "", func(d *facts.Direction) *int { return &d.Received }, asCount)...)
	c = append(c, bothWays("Lost", "", func(d *facts.Direction) *int { return &d.Lost }, asCount)...)
	c = append(c, bothWays("Discarded", "", func(d *facts.Direction) **int { return &d.Discarded }, asMark)...)
	c = append(c, bothWays("Reordered", "", func(d *facts.Direction) **int { return &d.Reordered }, asMark)...)
	c = append(c, bothWays("Duplicates", "", func(d *facts.Direction) *int { return &d.Duplicates }, asCount)...)
	c = append(c, bothWays("Longest loss run", "", func(d *facts.Direction) *int { return &d.Burst.LongestRun }, asCount)...)
	c = append(c, bothWays("DSCP received", "", func(d *facts.Direction) **int { return &d.DSCPReceived }, asMark)...)
	c = append(c, bothWays("MOS basis", "", func(d *facts.Direction) *string { return &d.MOSBasis }, asText)...)
	return append(c,
		column("RTT source", "", rttOf, func(t *facts.RTT) *string { return &t.Source }, asText),
		column("RTT min", "ms", rttOf, func(t *facts.RTT) **float64 { return &t.MinMS }, asFigure),
		column("RTT p95", "ms", rttOf, func(t *facts.RTT) **float64 { return &t.P95MS }, asFigure),
		column("RTT max", "ms", rttOf, func(t *facts.RTT) **float64 { return &t.MaxMS }, asFigure),
		column("RTT samples", "", rttOf, func(t *facts.RTT) *int { return &t.Samples }, asCount),
		column("RTT lost", "", rttOf, func(t *facts.RTT) *int { return &t.Lost }, asCount),
		column("Send lateness p99", "ms", latenessOf, func(l *facts.Lateness) **float64 { return &l.P99 }, asFigure),
		pingColumn("Ping gateway avg (ms)", facts.RoleGateway),
		pingColumn("Ping responder avg (ms)", facts.RoleResponder),
		column("Bandwidth up", "Mbit/s", wholeReport, func(r *Report) **float64 { return &r.Bandwidth.UpMbps }, asFigure),
		column("Bandwidth down", "Mbit/s", wholeReport, func(r *Report) **float64 { return &r.Bandwidth.DownMbps }, asFigure),
	)
}

// portColumns summarise the firewall column; a part of the TXT has its rows.
func portColumns() []Column {
	count := func(name string, level thresholds.Level) Column {
		return Column{Name: name, Kind: KindNumber, Value: func(r *Report) any {
			n := 0
			for _, p := range r.Firewall {
				if thresholds.RowLevel(p) == level {
					n++
				}
			}
			return float64(n)
		}}
	}
	return []Column{
		count("Required ports failed", thresholds.Fail),
		count("Required ports not measured", thresholds.Unknown),
		{Name: "Ports failed", Value: func(r *Report) any {
			var names []string
			for _, p := range r.Firewall {
				if p.Status == facts.StatusFail {
					names = append(names, p.Name)
				}
			}
			return textOrNil(OneLine(strings.Join(names, ", ")))
		}},
	}
}

func settingColumns() []Column {
	return []Column{
		textColumn("Voice mode", func(r *Report) *string { return &r.Voice.Mode }),
		textColumn("Codec", func(r *Report) *string { return &r.Voice.Codec }),
		column("Calls", "", wholeReport, func(r *Report) *int { return &r.Voice.Calls }, asNumber),
		column("Duration", "s", wholeReport, func(r *Report) *float64 { return &r.Voice.DurationS }, asKnown),
		column("Packet time", "ms", wholeReport, func(r *Report) *float64 { return &r.Voice.PtimeMS }, asKnown),
		column("Jitter buffer", "ms", wholeReport, func(r *Report) *float64 { return &r.Voice.JitterBufferMS }, asKnown),
		textColumn("OS", func(r *Report) *string { return &r.Machine.OS }),
		textColumn("Interface", func(r *Report) *string { return &r.Machine.Interface.Name }),
		textColumn("Interface kind", func(r *Report) *string { return &r.Machine.Interface.Kind }),
		column("CPU busy", "%", wholeReport, func(r *Report) **float64 { return &r.Machine.CPUBusyPercent }, asFigure),
		textColumn("NAT mapping", func(r *Report) *string { return &r.NAT.Mapping }),
		column("SIP ALG", "", wholeReport, func(r *Report) **bool { return &r.NAT.SIPALG }, asMaybe),
		textColumn("Region name", func(r *Report) *string { return &r.Region.Name }),
		textColumn("Responder", func(r *Report) *string { return &r.Region.Responder }),
		textColumn("Regions file", func(r *Report) *string { return &r.Region.RegionsFile }),
		column("Finished", "", wholeReport, func(r *Report) *time.Time { return &r.FinishedAt }, asTime),
		{Name: "What first", Value: func(r *Report) any { return textOrNil(OneLine(firstThing(r.Findings))) }},
		{Name: "Not measured", Value: func(r *Report) any {
			return textOrNil(missingCell(r.NotMeasured))
		}},
		limitsColumn(),
		column("Parts", "", wholeReport, func(r *Report) *[]string { return &r.Parts }, asList),
		textColumn("Tool version", func(r *Report) *string { return &r.Tool.Version }),
		unreliableColumn(" up", upOf), unreliableColumn(" down", downOf),
		column("Duration asked", "s", wholeReport, func(r *Report) *float64 { return &r.Voice.DurationAskedS }, asKnown),
	}
}

// firstThing is the text of the most important finding, which comes first.
func firstThing(findings []thresholds.Finding) string {
	for _, f := range findings {
		if f.Level != thresholds.Pass {
			return f.Text
		}
	}
	return ""
}

// WithUnit is the name of a column, its unit in it.
func WithUnit(name, unit string) string {
	if unit == "" {
		return name
	}
	return name + " (" + unit + ")"
}

func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func numberOrNil(f *float64) any {
	if f == nil || math.IsNaN(*f) || math.IsInf(*f, 0) {
		return nil
	}
	return *f
}
