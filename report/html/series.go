package html

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"netready/internal/atomicfile"
	"netready/report"
	"netready/thresholds"
)

// Series writes the day of one machine as one file that needs nothing else, as
// Write does: the graph of the MOS, run by run, and all runs in a table.
func Series(w io.Writer, s report.Series) error {
	return Print(w, seriesPage(newDay(s)))
}

// Day writes the graph of a day alone, to be shown below Part in a page that carries Base
// and Style.
func Day(w io.Writer, s report.Series) error {
	return Print(w, dayPart(newDay(s)))
}

// WriteSeriesFile writes Series beside the table of report.WriteSeriesFile, and
// returns the file's name; "" without runs.
func WriteSeriesFile(dir string, s report.Series) (string, error) {
	path := s.Path(dir, ".html")
	if path == "" {
		return "", nil
	}
	return path, atomicfile.Replace(path, func(w io.Writer) error { return Series(w, s) })
}

// day is what the template of a series prints.
type day struct {
	Style                         string // of ours
	Organization, Machine, Region string
	Worst, Caption                string
	From, To                      string // of the graph
	LimitY                        string // "" without a limit
	Runs                          []dayRun
	Headings                      []string
	Bar                           int // the column of the bar of text, which the graph shows
}

// dayRun is one run: a bar, and a line of the table.
type dayRun struct {
	badge

	X, Width, Y, Height string // of the bar, in a drawing of 1,000 by 100
	IsGap               bool   // no MOS is known of it
	Label               string
	Cells               []string
}

// The axis of the graph: a MOS is between these.
const (
	leastMOS = 1
	mostMOS  = 4.5
	dayWidth = 1000
)

// height of a MOS in the drawing.
func height(mos float64) float64 {
	return 100 * (min(max(mos, leastMOS), mostMOS) - leastMOS) / (mostMOS - leastMOS)
}

func newDay(s report.Series) day {
	d := day{Style: Base() + Style(), Worst: s.WorstQuarter(), Headings: report.SeriesHeadings(), Bar: report.SeriesBar}
	if len(s.Runs) == 0 {
		return d
	}
	first, last := s.Runs[0].At, s.Runs[len(s.Runs)-1].At
	wide := spacing(s.Runs)
	span := last.Sub(first) + wide
	known := 0
	for _, r := range s.Runs {
		if r.Report != nil && d.Machine == "" {
			d.Organization, d.Machine, d.Region = r.Report.Organization, r.Report.Machine.Hostname, regionName(r.Report.Region)
			if limit := r.Report.Limits.MOS.AtLeast; limit != nil {
				d.LimitY = coordinate(100 - height(*limit))
			}
		}
		one := newDayRun(r, r.At.Sub(first), wide, span)
		if !one.IsGap {
			known++
		}
		d.Runs = append(d.Runs, one)
	}
	d.From, d.To = first.Local().Format("2006-01-02 15:04"), last.Local().Format("2006-01-02 15:04")
	d.Caption = fmt.Sprintf("%d runs from %s to %s, %d with a MOS. Worst quarter of an hour: %s", len(s.Runs), d.From, d.To, known, d.Worst)
	return d
}

// spacing is the least time from one run to the next, which is how wide a bar is.
func spacing(runs []report.SeriesRun) time.Duration {
	least := time.Duration(math.MaxInt64)
	for i := range runs[1:] {
		if gap := runs[i+1].At.Sub(runs[i].At); gap > 0 {
			least = min(least, gap)
		}
	}
	if least == math.MaxInt64 {
		return time.Minute
	}
	return least
}

func newDayRun(r report.SeriesRun, since, wide, span time.Duration) dayRun {
	scale := dayWidth / float64(span)
	one := dayRun{
		badge: badges[thresholds.Unknown], IsGap: true, Cells: r.Cells(), Y: "0", Height: "100",
		X: coordinate(float64(max(0, since)) * scale), Width: coordinate(0.9 * float64(wide) * scale),
	}
	at := r.At.Local().Format("15:04")
	if r.Report == nil {
		one.Word = "No run"
		one.Label = at + ": no run: " + report.OneLine(r.Reason)
		return one
	}
	one.badge = verdictBadge(r.Report.Verdict)
	one.Label = at + ": " + one.Word
	if mos := r.MOS(); mos != nil {
		h := max(1, height(*mos))
		one.IsGap, one.Y, one.Height = false, coordinate(100-h), coordinate(h)
		one.Label += ", MOS " + strings.TrimSpace(thresholds.Figure(*mos, ""))
	}
	return one
}
