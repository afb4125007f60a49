package main

import (
	"context"
	"io"
	"time"

	"netready/internal/lean"
	"netready/internal/release"
	"netready/probe/regions"
	"netready/report"
	"netready/report/workbook"
)

// singleWorkbook writes one run as a workbook: the same sheets as of many.
func singleWorkbook(w io.Writer, rep report.Report) error {
	defer lean.Begin()()
	rows := func(yield func(workbook.Row, error) bool) {
		row := workbook.FromReport(rep)
		row.Label(report.FileName(rep)+".json", nil)
		yield(row, nil)
	}
	return workbook.Writer{
		Limits: rep.Limits, Version: release.Version(), Made: time.Now(), Sources: []string{report.FileName(rep) + ".json"},
	}.Write(w, 1, rows, nil)
}

// nearest measures all regions for the page: the mean round trip in ms, by id.
func nearest(list regions.List) func(context.Context) (map[string]float64, error) {
	return func(ctx context.Context) (map[string]float64, error) {
		var rows []regionRow
		for _, region := range list.Regions {
			rows = append(rows, newRegionRow(region))
		}
		measureRegions(ctx, list, rows)
		found := map[string]float64{}
		for _, row := range rows {
			if row.RTT != nil && row.RTT.AvgMS != nil {
				found[row.ID] = *row.RTT.AvgMS
			}
		}
		return found, nil
	}
}
