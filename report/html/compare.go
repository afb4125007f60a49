package html

import (
	"fmt"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/thresholds"
)

// comparison is a table of several reports: one column each.
type comparison struct {
	Heads []compareHead
	Rows  []compareRow
}

type compareHead struct {
	badge
	Host, Region, Started, ISO string
}

type compareRow struct {
	Name, Expected string
	Cells          []figure
}

func newComparison(reports []report.Report) comparison {
	var c comparison
	columns := make([][]compareRow, len(reports))
	for i, r := range reports {
		c.Heads = append(c.Heads, compareHead{
			verdictBadge(r.Verdict), r.Machine.Hostname, regionName(r.Region),
			r.StartedAt.UTC().Format("2 January 2006, 15:04 UTC"), r.StartedAt.UTC().Format(time.RFC3339),
		})
		columns[i] = compareColumn(r)
	}
	if len(reports) == 0 {
		return c
	}
	for i, row := range columns[0] {
		for j := range columns {
			row.Cells = append(row.Cells, columns[j][i].Cells[0])
		}
		row.Cells = row.Cells[1:] // the first was the column's own
		c.Rows = append(c.Rows, row)
	}
	return c
}

// compareColumn is one report as rows of one cell, the same rows for all.
func compareColumn(r report.Report) []compareRow {
	var rows []compareRow
	for _, m := range measureRows(r) {
		if m.Single {
			rows = append(rows, compareRow{m.Name, m.Expected, []figure{m.Up}})
			continue
		}
		rows = append(rows, compareRow{m.Name + " up", m.Expected, []figure{m.Up}}, compareRow{m.Name + " down", m.Expected, []figure{m.Down}})
	}
	failed := figure{Short: "none"}
	n := 0
	for _, p := range r.Firewall {
		if p.Required && p.Status == facts.StatusFail {
			n++
			failed = figure{Class: "bad", Short: fmt.Sprint(n)}
		}
	}
	if len(r.Firewall) == 0 {
		failed = figure{Class: "muted", Short: report.NotMeasured}
	}
	return append(rows,
		compareRow{"Required connections blocked", "none", []figure{failed}},
		compareRow{"Bandwidth up", "", []figure{throughput(r.Bandwidth.UpMbps, r.Bandwidth.UpAtLeast)}},
		compareRow{"Bandwidth down", "", []figure{throughput(r.Bandwidth.DownMbps, r.Bandwidth.DownAtLeast)}},
	)
}

func throughput(mbps *float64, bound bool) figure {
	f := newFigure(mbps, "Mbit/s", "", thresholds.Limit{})
	if bound && mbps != nil {
		f.Short = "≥ " + f.Short
	}
	return f
}
