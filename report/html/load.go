package html

import (
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
	Cells []string
}

func newLoadTable(r report.Report) *loadTable {
	if r.UnderLoad == nil {
		return nil
	}
	t := loadTable{Title: thresholds.LoadTitle, Heads: report.LoadColumns, Words: report.LoadWords(r)}
	for _, row := range r.Limits.UnderLoad(r.Result) {
		limit := ""
		if row.Limit != nil {
			limit = row.Limit.Words(row.Unit)
		}
		t.Rows = append(t.Rows, loadRow{row.Name, []string{limit, report.LoadCell(row.Idle, row), report.LoadCell(row.Down, row), report.LoadCell(row.Up, row), row.Word}})
	}
	if len(t.Rows) == 0 && len(t.Words) == 0 {
		return nil
	}
	return &t
}
