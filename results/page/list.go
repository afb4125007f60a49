package page

import (
	"net/url"
	"slices"
	"time"

	"netready/probe/responder"
	"netready/report"
	"netready/results/store"
	"netready/thresholds"
)

// columns are the figures of a run in the list, under the names of the sheet Runs.
var columns = []struct {
	key    thresholds.Key
	values func(store.Row) []*float64
}{
	{thresholds.Jitter, func(r store.Row) []*float64 { return []*float64{r.JitterUp, r.JitterDown} }},
	{thresholds.Loss, func(r store.Row) []*float64 { return []*float64{r.LossUp, r.LossDown} }},
	{thresholds.RTT, func(r store.Row) []*float64 { return []*float64{r.RTT} }},
	{thresholds.MOS, func(r store.Row) []*float64 { return []*float64{r.MOSUp, r.MOSDown} }},
}

// heads are the names of the columns of figures.
func heads() []string {
	var list []string
	for _, column := range columns {
		m := measure(column.key)
		if m.Single() {
			list = append(list, report.WithUnit(m.Column, m.Unit))
			continue
		}
		list = append(list, report.WithUnit(m.Column+" up", m.Unit), report.WithUnit(m.Column+" down", m.Unit))
	}
	return list
}

func measure(key thresholds.Key) thresholds.Measure {
	all := thresholds.Measures()
	return all[slices.IndexFunc(all, func(m thresholds.Measure) bool { return m.Key == key })]
}

// figure is a number without its unit, which its column's head has.
func figure(f *float64) string {
	if f == nil {
		return "–"
	}
	return thresholds.Figure(*f, "")
}

func runRows(rows []store.Row, a asked, who responder.Holder) []runRow {
	var list []runRow
	for _, row := range rows {
		v := url.Values{"key": {row.Key}, "back": {a.values(who).Encode()}}
		tone := tones[row.Verdict]
		one := runRow{
			URL: to(pathRun, v), Started: row.Started.UTC().Format("15:04"), StartedISO: row.Started.UTC().Format(time.RFC3339),
			Machine: row.Machine, Org: row.Org, Location: row.Location, Region: row.Region, First: row.First,
			Tone: tone[0], Sign: tone[1], Verdict: row.Verdict.Title(),
		}
		for _, column := range columns {
			for _, value := range column.values(row) {
				one.Figures = append(one.Figures, figure(value))
			}
		}
		list = append(list, one)
	}
	return list
}
