package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
	_ "time/tzdata" // Windows has no names of time zones of its own

	"github.com/schollz/progressbar/v3"

	"netready/internal/release"
	"netready/report"
	"netready/report/merge"
	"netready/report/workbook"
	"netready/thresholds"
)

// mergeMemory is where the garbage collector starts to work harder, so that
// 100,000 runs stay under 300 MB. Below it may be lazy.
const (
	mergeMemory = 220 << 20
	mergeGC     = 200 // percent
)

// mergeCmd puts the results of many machines into one workbook.
type mergeCmd struct {
	Sources    []string `arg:"" optional:"" name:"source" help:"Result files (TXT or JSON), folders, zip archives, patterns, other workbooks; a responder's store by its link for readers (https://host:port/i#TOKEN.PIN, @FILE that holds it, or NETREADY_READ in the environment); - reads a list from standard input."`
	Out        string   `short:"o" name:"out" placeholder:"FILE.xlsx" help:"The workbook to write."`
	Append     bool     `help:"Add to the workbook if it exists: its runs, Notes, your own columns and sheets stay. A responder is asked only for what the workbook does not have from it."`
	CSV        string   `name:"csv" placeholder:"FILE" help:"Write the sheet Runs as CSV too (- for standard output)."`
	JSON       string   `name:"json" placeholder:"FILE" help:"Write the sheet Runs as JSON too (- for standard output)."`
	Parquet    string   `name:"parquet" placeholder:"DIR" help:"Write the sheet Runs and every port as tables in Parquet too, runs.parquet and ports.parquet in this folder."`
	Thresholds string   `placeholder:"FILE" help:"Limits of the workbook. Default: those of the workbook that is added to, or the documented ones."`
	Since      string   `placeholder:"TIME" help:"Only runs that began then or later: how long ago (7d, 36h), a day in UTC (2026-11-01) or a time (2026-11-01T08:00:00Z). --since, --until, --org and --region apply to the runs of every source, files too; the runs that the workbook of --append already has stay in it."`
	Until      string   `placeholder:"TIME" help:"Only runs that began before then."`
	Org        string   `placeholder:"NAME" help:"Only runs of this organisation, with exactly this name: as the responder stores it, or as the file names it."`
	Region     string   `placeholder:"ID" help:"Only runs into this region."`
	Zone       string   `placeholder:"NAME" help:"Time zone of the sheet By hour, as in Europe/Berlin. Default: UTC."`
	Quiet      bool     `short:"q" help:"No progress bar."`
}

// Run merges and says what was left out.
func (c *mergeCmd) Run(app *app) error {
	m, err := c.settings(app)
	if err != nil {
		return usageError(err)
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(mergeMemory))
	defer debug.SetGCPercent(debug.SetGCPercent(mergeGC))
	bar := c.progress(app)
	m.Progress = bar.show
	result, err := m.Do(app.Ctx)
	bar.finish()
	for _, name := range result.Cleared {
		fmt.Fprintf(app.Stderr, "removed %s, left behind by a run of netready that was killed\n", report.OneLine(name))
	}
	if errors.Is(err, merge.ErrNoneCame) {
		_ = sayLeftOut(app, result) // the status is the same
		return &statusError{exitNotReady, err}
	}
	if err != nil {
		return err
	}
	return c.say(app, result)
}

// settings checks the flags.
func (c *mergeCmd) settings(app *app) (merge.Merge, error) {
	m := merge.Merge{
		Stdin: app.Stdin, Out: c.Out, Append: c.Append, CSV: c.CSV, JSON: c.JSON, Parquet: c.Parquet,
		Stdout: app.Stdout, Version: release.Version(), Now: time.Now(),
	}
	switch {
	case c.Out == "" && c.CSV == "" && c.JSON == "" && c.Parquet == "":
		return m, errors.New("there is no output: give -o FILE.xlsx (or --csv FILE, --json FILE, --parquet DIR)")
	case c.Append && c.Out == "":
		return m, errors.New("--append needs -o FILE.xlsx, the workbook to add to")
	case c.CSV == "-" && c.JSON == "-":
		return m, errors.New("--csv - and --json - both write to standard output: give one of them a file")
	}
	if err := workbookName(c.Out); err != nil {
		return m, err
	}
	if err := c.from(app, &m); err != nil {
		return m, err
	}
	if c.Zone != "" {
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			return m, fmt.Errorf("--zone %s: %w (names look like Europe/Berlin or Asia/Tokyo)", c.Zone, err)
		}
		m.Zone = zone
	}
	if c.Thresholds != "" {
		limits, err := thresholds.Load(c.Thresholds)
		if err != nil {
			return m, err
		}
		m.Limits = &limits
	}
	return m, nil
}

// from says what is merged, and which runs of it.
func (c *mergeCmd) from(app *app, m *merge.Merge) error {
	q, err := c.query(m.Now)
	if err != nil {
		return err
	}
	far := &responders{app: app, query: q}
	m.Only, m.Elsewhere = merge.Filter{Since: q.Since, Until: q.Until, Org: q.Org, Region: q.Region}, far.elsewhere
	m.Sources, err = far.sources(c.Sources)
	return err
}

// workbookName wants the ending that Excel wants.
func workbookName(name string) error {
	if name != "" && !strings.EqualFold(filepath.Ext(name), ".xlsx") {
		return fmt.Errorf("-o %s: the name of a workbook ends in .xlsx", name)
	}
	return nil
}

// say prints the outcome: one line, and one for each source left out.
func (c *mergeCmd) say(app *app, result merge.Report) error {
	out := app.Stdout
	if c.CSV == "-" || c.JSON == "-" {
		out = app.Stderr
	}
	where := ""
	if name := cmp.Or(c.Out, c.Parquet); name != "" {
		where = " in " + report.OneLine(name)
	}
	added := ""
	if c.Append {
		added = fmt.Sprintf(" (%d added)", result.Added)
	}
	fmt.Fprintf(out, "%s%s%s\n", plural(result.Runs, "run"), added, where)
	sayPlaces(out, result)
	switch {
	case result.Kept != "" && c.Append:
		fmt.Fprintf(app.Stderr, "the workbook as it was before is kept as %s\n", report.OneLine(result.Kept))
	case result.Kept != "":
		fmt.Fprintf(app.Stderr, "the workbook that was there is kept as %s; --append would have added to it\n", report.OneLine(result.Kept))
	}
	return sayLeftOut(app, result)
}

// sayLeftOut prints what was left out, and ends with the status of that.
func sayLeftOut(app *app, result merge.Report) error {
	const most = 20 // the sheet has them all
	for i, left := range result.LeftOut {
		if i == most {
			fmt.Fprintf(app.Stderr, "… and %d more: see the sheet %s\n", len(result.LeftOut)-most, workbook.SheetLeftOut)
			break
		}
		line := ""
		if left.Line > 0 {
			line = fmt.Sprintf(", line %d", left.Line)
		}
		fmt.Fprintf(app.Stderr, "left out: %s%s: %s\n", report.OneLine(left.Source), line, report.OneLine(left.Reason))
	}
	if len(result.LeftOut) > 0 {
		fmt.Fprintf(app.Stderr, "%s left out\n", plural(len(result.LeftOut), "source"))
		return exitWith(exitNotReady)
	}
	return nil
}

// sayPlaces says what was read from the responders' stores, and how many runs were not asked for.
func sayPlaces(out io.Writer, result merge.Report) {
	for _, p := range result.Places {
		if p.Failed && p.Read+p.Known == 0 {
			continue
		}
		fmt.Fprintf(out, "%s: %s read", report.OneLine(p.Name), plural(p.Read, "result"))
		if p.Known > 0 {
			fmt.Fprintf(out, ", %d more were in the workbook and were not asked for", p.Known)
		}
		fmt.Fprintln(out)
	}
	if result.Outside > 0 {
		fmt.Fprintf(out, "%s outside --since, --until, --org or --region: not taken\n", plural(result.Outside, "result"))
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// A progress shows that work goes on, where somebody can see it.
type mergeProgress struct{ bar *progressbar.ProgressBar }

func (c *mergeCmd) progress(app *app) mergeProgress {
	if c.Quiet || !isTerminal(app.Stderr) {
		return mergeProgress{}
	}
	return mergeProgress{progressbar.NewOptions(1,
		progressbar.OptionSetWriter(app.Stderr), progressbar.OptionSetDescription("reading results"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("files"),
		progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30),
	)}
}

func (p mergeProgress) show(done, found int) {
	if p.bar != nil {
		p.bar.ChangeMax(found + 1) // never full: the workbook has yet to be written
		_ = p.bar.Set(done)        // a bar that cannot be drawn stops nobody
	}
}

func (p mergeProgress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish() // as above
	}
}
