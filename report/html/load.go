package html

import (
	"strings"

	"netready/report"
	"netready/thresholds"
)

// loadTable is the call on a full line beside the one on the idle line.
type loadTable struct {
	Title string
	Heads []string
	Rows  []loadRow
	Words []string
}

type loadRow struct {
	Name  string
	Cells []figure
}

func newLoadTable(r report.Report) *loadTable {
	if r.UnderLoad == nil {
		return nil
	}
	t := loadTable{Title: thresholds.LoadTitle, Heads: report.LoadColumns}
	for _, f := range r.Findings {
		// Warnings stand among what is worth knowing.
		if f.Level == thresholds.Pass && strings.HasPrefix(f.What, thresholds.WhatUnderLoad) {
			t.Words = append(t.Words, f.Text)
		}
	}
	for _, row := range r.Limits.UnderLoad(r.Result) {
		limit := ""
		if row.Limit != nil {
			limit = row.Limit.Words(row.Unit)
		}
		out := loadRow{Name: row.Name}
		for _, text := range []string{limit, report.LoadCell(row.Idle, row), report.LoadCell(row.Down, row), report.LoadCell(row.Up, row), row.Word} {
			out.Cells = append(out.Cells, figure{Short: text})
		}
		if row.IsBroken() {
			out.Cells[len(out.Cells)-1].Class = "bad"
		}
		t.Rows = append(t.Rows, out)
	}
	if len(t.Rows) == 0 && len(t.Words) == 0 {
		return nil
	}
	return &t
}
