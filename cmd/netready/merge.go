package main

import (
	"errors"
	"fmt"
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

// MergeCmd puts the results of many machines into one workbook.
type MergeCmd struct {
	Sources    []string `arg:"" name:"source" help:"Result files (TXT or JSON), folders, zip archives, patterns, other workbooks; - reads a list from standard input."`
	Out        string   `short:"o" name:"out" placeholder:"FILE.xlsx" help:"The workbook to write."`
	Append     bool     `help:"Add to the workbook if it exists: its runs, Notes, your own columns and sheets stay."`
	CSV        string   `name:"csv" placeholder:"FILE" help:"Write the sheet Runs as CSV too (- for standard output)."`
	JSON       string   `name:"json" placeholder:"FILE" help:"Write the sheet Runs as JSON too (- for standard output)."`
	Thresholds string   `placeholder:"FILE" help:"Limits of the workbook. Default: those of the workbook that is added to, or the documented ones."`
	Zone       string   `placeholder:"NAME" help:"Time zone of the sheet By hour, as in Europe/Berlin. Default: UTC."`
	Quiet      bool     `short:"q" help:"No progress bar."`
}

// Run merges and says what was left out.
func (c *MergeCmd) Run(app *App) error {
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
	if err != nil {
		return err
	}
	return c.say(app, result)
}

// settings checks the flags.
func (c *MergeCmd) settings(app *App) (merge.Merge, error) {
	m := merge.Merge{
		Sources: c.Sources, Stdin: app.Stdin, Out: c.Out, Append: c.Append, CSV: c.CSV, JSON: c.JSON,
		Stdout: app.Stdout, Version: release.Version(), Now: time.Now(),
	}
	switch {
	case c.Out == "" && c.CSV == "" && c.JSON == "":
		return m, errors.New("nowhere to write: give -o FILE.xlsx (or --csv FILE, --json FILE)")
	case c.Append && c.Out == "":
		return m, errors.New("--append needs -o FILE.xlsx, the workbook to add to")
	case c.CSV == "-" && c.JSON == "-":
		return m, errors.New("--csv - and --json - both want standard output: give one of them a file")
	}
	if err := workbookName(c.Out); err != nil {
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

// workbookName wants the ending that Excel wants.
func workbookName(name string) error {
	if name != "" && !strings.EqualFold(filepath.Ext(name), ".xlsx") {
		return fmt.Errorf("-o %s: the name of a workbook ends in .xlsx", name)
	}
	return nil
}

// say prints the outcome: one line, and one for each source left out.
func (c *MergeCmd) say(app *App, result merge.Report) error {
	out := app.Stdout
	if c.CSV == "-" || c.JSON == "-" {
		out = app.Stderr
	}
	where := ""
	if c.Out != "" {
		where = " in " + report.OneLine(c.Out)
	}
	added := ""
	if c.Append {
		added = fmt.Sprintf(" (%d added)", result.Added)
	}
	fmt.Fprintf(out, "%s%s%s\n", plural(result.Runs, "run"), added, where)
	switch {
	case result.Kept != "" && c.Append:
		fmt.Fprintf(app.Stderr, "the workbook as it was before is kept as %s\n", report.OneLine(result.Kept))
	case result.Kept != "":
		fmt.Fprintf(app.Stderr, "the workbook that was there is kept as %s; --append would have added to it\n", report.OneLine(result.Kept))
	}
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

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// A progress shows that work goes on, where somebody can see it.
type mergeProgress struct{ bar *progressbar.ProgressBar }

func (c *MergeCmd) progress(app *App) mergeProgress {
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
		p.bar.ChangeMax(found + 1) // never full: the workbook is still to be written
		_ = p.bar.Set(done)        // a bar that cannot be drawn stops nobody
	}
}

func (p mergeProgress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish() // likewise
	}
}
