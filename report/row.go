package report

import (
	"math"
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

// A Column is one column of the sheet Runs and of a TXT's last part. Its name
// is unique and keeps its meaning: rows of years meet in one sheet.
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
		timeColumn("Started", func(r *Report) *time.Time { return &r.StartedAt }),
		{Name: "Ready", Value: func(r *Report) any { return textOrNil(string(r.Verdict)) }},
		textColumn("Verdict at run time", func(r *Report) *thresholds.Verdict { return &r.Verdict }),
		flagColumn("Complete", func(r *Report) *bool { return &r.Complete }),
	}
	for _, more := range [][]Column{gradedColumns(), furtherColumns(), portColumns(), settingColumns(), loopColumns()} {
		columns = append(columns, more...)
	}
	// The code is made by WriteText; in a workbook the column is empty.
	columns = append(columns, Column{Name: RowCodeColumn, Value: func(*Report) any { return nil }})
	return append(columns, Column{Name: "Notes", Value: func(*Report) any { return nil }})
}

// gradedColumns are the figures that have a limit.
func gradedColumns() []Column {
	var c []Column
	for _, m := range thresholds.Measures() {
		if m.Single() {
			c = append(c, rttColumn(m.Column, func(t *facts.RTT) **float64 { return &t.AvgMS }))
			continue
		}
		c = append(c, bothWays(m.Column, m.Unit, m.Side)...)
	}
	return c
}

func furtherColumns() []Column {
	var c []Column
	c = append(c, bothWays("Jitter max", "ms", func(d *facts.Direction) **float64 { return &d.JitterMaxMS })...)
	c = append(c, bothWays("PDV p99", "ms", func(d *facts.Direction) **float64 { return &d.PDVp99MS })...)
	c = append(c, bothWays("R", "", func(d *facts.Direction) **float64 { return &d.R })...)
	c = append(c, bothWays("BurstR", "", func(d *facts.Direction) **float64 { return &d.Burst.BurstR })...)
	c = append(c, bothWays("Worst window", "%", func(d *facts.Direction) **float64 { return &d.Burst.WorstWindowPercent })...)
	c = append(c, bothCounts("Sent", func(d *facts.Direction) *int { return &d.Sent })...)
	c = append(c, bothCounts("Received", func(d *facts.Direction) *int { return &d.Received })...)
	c = append(c, bothCounts("Lost", func(d *facts.Direction) *int { return &d.Lost })...)
	c = append(c, bothMarks("Discarded", func(d *facts.Direction) **int { return &d.Discarded })...)
	c = append(c, bothMarks("Reordered", func(d *facts.Direction) **int { return &d.Reordered })...)
	c = append(c, bothCounts("Duplicates", func(d *facts.Direction) *int { return &d.Duplicates })...)
	c = append(c, bothCounts("Longest loss run", func(d *facts.Direction) *int { return &d.Burst.LongestRun })...)
	c = append(c, bothMarks("DSCP received", func(d *facts.Direction) **int { return &d.DSCPReceived })...)
	return append(c,
		basisColumn("MOS basis up", upOf), basisColumn("MOS basis down", downOf),
		rttSourceColumn(),
		rttColumn("RTT min", func(t *facts.RTT) **float64 { return &t.MinMS }),
		rttColumn("RTT p95", func(t *facts.RTT) **float64 { return &t.P95MS }),
		rttColumn("RTT max", func(t *facts.RTT) **float64 { return &t.MaxMS }),
		rttCount("RTT samples", func(t *facts.RTT) *int { return &t.Samples }),
		rttCount("RTT lost", func(t *facts.RTT) *int { return &t.Lost }),
		lateColumn("Send lateness p99", func(l *facts.Lateness) **float64 { return &l.P99 }),
		pingColumn("Ping gateway avg (ms)", facts.RoleGateway),
		pingColumn("Ping responder avg (ms)", facts.RoleResponder),
		numberColumn("Bandwidth up", "Mbit/s", func(r *Report) **float64 { return &r.Bandwidth.UpMbps }),
		numberColumn("Bandwidth down", "Mbit/s", func(r *Report) **float64 { return &r.Bandwidth.DownMbps }),
	)
}

// portColumns sum the firewall column up; the TXT's own part has its rows.
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
		countColumn("Calls", func(r *Report) *int { return &r.Voice.Calls }),
		plainColumn("Duration", "s", func(r *Report) *float64 { return &r.Voice.DurationS }),
		plainColumn("Packet time", "ms", func(r *Report) *float64 { return &r.Voice.PtimeMS }),
		plainColumn("Jitter buffer", "ms", func(r *Report) *float64 { return &r.Voice.JitterBufferMS }),
		textColumn("OS", func(r *Report) *string { return &r.Machine.OS }),
		textColumn("Interface", func(r *Report) *string { return &r.Machine.Interface.Name }),
		textColumn("Interface kind", func(r *Report) *string { return &r.Machine.Interface.Kind }),
		numberColumn("CPU busy", "%", func(r *Report) **float64 { return &r.Machine.CPUBusyPercent }),
		textColumn("NAT mapping", func(r *Report) *string { return &r.NAT.Mapping }),
		maybeColumn("SIP ALG", func(r *Report) **bool { return &r.NAT.SIPALG }),
		textColumn("Region name", func(r *Report) *string { return &r.Region.Name }),
		textColumn("Responder", func(r *Report) *string { return &r.Region.Responder }),
		textColumn("Regions file", func(r *Report) *string { return &r.Region.RegionsFile }),
		timeColumn("Finished", func(r *Report) *time.Time { return &r.FinishedAt }),
		{Name: "What first", Value: func(r *Report) any { return textOrNil(OneLine(firstThing(r.Findings))) }},
		{Name: "Not measured", Value: func(r *Report) any {
			return textOrNil(missingCell(r.NotMeasured))
		}},
		limitsColumn(),
		listColumn("Parts", func(r *Report) *[]string { return &r.Parts }),
		textColumn("Tool version", func(r *Report) *string { return &r.Tool.Version }),
		unreliableColumn(" up", upOf), unreliableColumn(" down", downOf),
		plainColumn("Duration asked", "s", func(r *Report) *float64 { return &r.Voice.DurationAskedS }),
	}
}

// firstThing is the text of the gravest finding: findings come gravest first.
func firstThing(findings []thresholds.Finding) string {
	for _, f := range findings {
		if f.Level != thresholds.Pass {
			return f.Text
		}
	}
	return ""
}

func withUnitName(name, unit string) string {
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
