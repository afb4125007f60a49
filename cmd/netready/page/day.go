package page

import (
	"bytes"
	"slices"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/report/html"
	"netready/thresholds"
)

const (
	// leastOfDay is how many runs of a day make a graph of it.
	leastOfDay = 3
	// mostOfDay bounds the graph: a run every ten minutes.
	mostOfDay = 144
)

// brief is what a graph of the day has of a result.
type brief struct {
	up, down *facts.Direction // with MOS and loss alone; nil: not measured
	mos      thresholds.Limit
}

func briefOf(r report.Report) brief {
	only := func(d *facts.Direction) *facts.Direction {
		if d == nil {
			return nil
		}
		return &facts.Direction{MOS: d.MOS, LossPercent: d.LossPercent}
	}
	return brief{only(r.Voice.Up), only(r.Voice.Down), r.Limits.MOS}
}

// withDay writes a result, and below it the day of its machine where the folder has further
// runs of that day: of `--every`, or one by one.
func (s *Server) withDay(b *bytes.Buffer, r report.Report) error {
	if err := html.Part(b, r); err != nil {
		return err
	}
	found, err := s.folder.list()
	if err != nil {
		return nil //nolint:nilerr // the result itself can be shown
	}
	if day := dayOf(r, found); len(day.Runs) >= leastOfDay {
		return html.Day(b, day)
	}
	return nil
}

// dayOf are the runs of a result's machine to its region on the result's day, here, in the
// order in which they began.
func dayOf(r report.Report, found []entry) report.Series {
	var day report.Series
	if r.Machine.Hostname == "" {
		return day // one of many that gave no name
	}
	own := entryOf(r)
	for _, e := range found {
		if e.Host != own.Host || e.RegionID != own.RegionID || e.Organization != own.Organization || !sameDay(e.Started, r.StartedAt) || len(day.Runs) == mostOfDay {
			continue
		}
		one := report.Report{Verdict: thresholds.Verdict(e.Verdict)}
		one.RunID, one.StartedAt, one.Organization, one.Machine.Hostname = e.ID, e.Started, e.Organization, e.Host
		one.Region.ID, one.Region.Name = e.RegionID, e.Region
		one.Voice.Up, one.Voice.Down, one.Limits.MOS = e.brief.up, e.brief.down, e.brief.mos
		day.Runs = append(day.Runs, report.SeriesRun{At: e.Started, Report: &one})
	}
	slices.SortStableFunc(day.Runs, func(a, b report.SeriesRun) int { return a.At.Compare(b.At) })
	return day
}

func sameDay(a, b time.Time) bool {
	const day = "2006-01-02"
	return a.Local().Format(day) == b.Local().Format(day)
}
