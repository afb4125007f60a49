package report

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"netready/internal/atomicfile"
	"netready/probe/facts"
	"netready/thresholds"
)

// SeriesPrefix begins the name of the file of a series. It is no result: merging
// leaves it alone, and takes the results of the series' runs.
const SeriesPrefix = "netready-series_"

// A Series is what became of several runs of one machine, one after the other.
type Series struct {
	Runs []SeriesRun
}

// SeriesRun is one of them.
type SeriesRun struct {
	At     time.Time // when it began, or was due
	Report *Report   // nil: there was no run, for the reason
	Reason string
}

// quarter is how long the part of the day is that is named as the worst.
const quarter = 15 * time.Minute

// worst is the run in which the network was worst, nil without any.
func (s Series) worst() *SeriesRun {
	var worst *SeriesRun
	for i := range s.Runs {
		r := &s.Runs[i]
		if r.Report != nil && (worst == nil || thresholds.Worse(r.Report.Result, worst.Report.Result, r.Report.Verdict, worst.Report.Verdict)) {
			worst = r
		}
	}
	return worst
}

// WorstQuarter names the quarter of an hour of the worst run, and what it was like;
// "" without runs.
func (s Series) WorstQuarter() string {
	worst := s.worst()
	if worst == nil {
		return ""
	}
	from := worst.At.Local().Truncate(quarter)
	up, down := orNothing(worst.Report.Voice.Up), orNothing(worst.Report.Voice.Down)
	return fmt.Sprintf("%s to %s: %s, MOS %s up, %s down, loss %s up, %s down", from.Format("2006-01-02 15:04"), from.Add(quarter).Format("15:04"),
		worst.Report.Verdict.Title(), known(up.MOS, ""), known(down.MOS, ""), known(up.LossPercent, "%"), known(down.LossPercent, "%"))
}

// WriteSeries writes the series as tab-separated text, UTF-8 with byte order mark
// and CRLF, as every TXT: the worst quarter of an hour, and a line a run with a
// graph of the MOS.
func WriteSeries(w io.Writer, s Series) error {
	var t sheet
	t.line("NETREADY SERIES", "How was this network over the day?")
	if first := s.first(); first != nil {
		t.line("Organization", first.Organization)
		t.line("Machine", first.Machine.Hostname)
		t.line("Region", first.Region.ID)
	}
	t.line("Worst quarter of an hour", orDash(s.WorstQuarter()))
	t.heading("RUNS")
	t.line(SeriesHeadings()...)
	for _, r := range s.Runs {
		t.line(r.Cells()...)
	}
	return buffered(w, func(b *bytes.Buffer) {
		b.WriteString("\ufeff")
		b.Write(bytes.ReplaceAll(t.b.Bytes(), []byte("\n"), []byte("\r\n")))
	})
}

// SeriesBar is the column that draws the MOS with letters.
const SeriesBar = 11

// SeriesHeadings are the columns of a table of runs, whose lines are Cells.
func SeriesHeadings() []string {
	return []string{
		"Started", "Verdict", "MOS up", "MOS down", "Loss up", "Loss down", "Discards up", "Discards down", "Jitter up", "Jitter down", "Round trip", "MOS, the worse way", "Run ID",
	}
}

// TerminalSeries prints the graph of the day and the worst quarter of an hour.
func TerminalSeries(w io.Writer, s Series) error {
	return buffered(w, func(b *bytes.Buffer) {
		fmt.Fprintf(b, "\nMOS of each run, the worse way (from 1 to 4.5)\n")
		for _, r := range s.Runs {
			word, figure := "no run", ""
			if r.Report != nil {
				word, figure = r.Report.Verdict.Title(), strings.TrimSpace(known(r.MOS(), ""))
			}
			fmt.Fprintf(b, "%s │%-*s│ %-5s %s\n", r.At.Local().Format("01-02 15:04"), barWidth, bar(r.MOS()), figure, OneLine(strings.TrimSpace(word+" "+inParentheses(r.Reason))))
		}
		if worst := s.WorstQuarter(); worst != "" {
			fmt.Fprintf(b, "\nWorst quarter of an hour: %s\n", worst)
		}
	})
}

// WriteSeriesFile writes the series into a folder, in place of what it was before
// its last run, and returns the file's name.
func WriteSeriesFile(dir string, s Series) (string, error) {
	path := s.Path(dir, ".txt")
	if path == "" {
		return "", nil
	}
	return path, atomicfile.Replace(path, func(w io.Writer) error { return WriteSeries(w, s) })
}

// Path is where a file of the series lies in a folder; "" without runs.
func (s Series) Path(dir, extension string) string {
	first := s.first()
	if first == nil {
		return ""
	}
	return filepath.Join(dir, SeriesPrefix+strings.TrimPrefix(FileName(*first), "netready_")+extension)
}

// first is the first run's report; nil without any.
func (s Series) first() *Report {
	for _, r := range s.Runs {
		if r.Report != nil {
			return r.Report
		}
	}
	return nil
}

// Cells are the figures of a run in words, or why there was none.
func (r SeriesRun) Cells() []string {
	at := r.At.Local().Format(timeLayout)
	if r.Report == nil {
		return []string{at, "no run: " + r.Reason}
	}
	up, down := orNothing(r.Report.Voice.Up), orNothing(r.Report.Voice.Down)
	var rtt *float64
	if r.Report.Voice.RTT != nil {
		rtt = r.Report.Voice.RTT.AvgMS
	}
	return []string{
		at, r.Report.Verdict.Title(), known(up.MOS, "MOS"), known(down.MOS, "MOS"), known(up.LossPercent, "%"), known(down.LossPercent, "%"),
		known(up.DiscardPercent, "%"), known(down.DiscardPercent, "%"), known(up.JitterMS, "ms"), known(down.JitterMS, "ms"), known(rtt, "ms"),
		bar(r.MOS()), r.Report.RunID,
	}
}

// known is a figure with its unit, or that it was not measured.
func known(f *float64, unit string) string {
	if f == nil {
		return NotMeasured
	}
	return thresholds.Figure(*f, unit)
}

// MOS is that of the worse way; nil where there is none.
func (r SeriesRun) MOS() *float64 {
	if r.Report == nil {
		return nil
	}
	if mos := thresholds.LowestMOS(r.Report.Voice, 0); mos > 0 {
		return &mos
	}
	return nil
}

// barWidth is the length of the bar of the highest MOS, 4.5.
const barWidth = 28

// bar draws a MOS from 1 to 4.5; nothing where there is none.
func bar(mos *float64) string {
	if mos == nil {
		return ""
	}
	const least, most = 1, 4.5
	share := (min(max(*mos, least), most) - least) / (most - least)
	return strings.Repeat("█", max(1, int(math.Round(share*barWidth))))
}

func orNothing(d *facts.Direction) facts.Direction {
	if d == nil {
		return facts.Direction{}
	}
	return *d
}
