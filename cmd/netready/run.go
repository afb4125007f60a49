package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"netready/probe/facts"

	"netready/report"
	"netready/thresholds"
)

// RunCmd is "netready run": one assessment, or a series of them.
type RunCmd struct {
	assessFlags

	JSON    bool          `name:"json" help:"Print the result as one JSON document on stdout and nothing else there (with --repeat an array)."`
	Quiet   bool          `short:"q" help:"No progress and no report on the terminal; the files and the exit status tell."`
	NoColor bool          `env:"NO_COLOR" help:"No colour, even on a terminal."`
	Repeat  int           `default:"1" placeholder:"N" help:"Run N times, each with files of its own; a bad run does not end the series."`
	Every   time.Duration `placeholder:"15m" help:"Time from one start to the next, with --repeat."`
	Hours   []string      `sep:"," placeholder:"9-12,14-17" help:"Start runs in these hours of the day only (local time). With --repeat the next run waits for them; a single run outside of them measures nothing and ends undetermined."`
	Format  []string      `enum:"html,xlsx" sep:"," placeholder:"html,xlsx" help:"More files, in addition to the TXT and the JSON."`
}

// Run assesses and says how it went.
func (c *RunCmd) Run(app *App) error {
	within, err := c.checkSeries()
	if err != nil {
		return usageError(err)
	}
	if wait := within.wait(time.Now()); c.Repeat == 1 && wait > 0 {
		app.say("nothing was measured: the hours of --hours begin in %v", wait.Round(time.Minute))
		return exitWith(exitUndetermined)
	}
	a, err := c.resolve(app)
	if err != nil {
		return usageError(err)
	}
	if !c.Quiet {
		announce(app, a.plan)
	}
	if c.Repeat > 1 {
		return c.series(app, a, within)
	}
	rep, err := c.once(app.Ctx, app, a)
	if err != nil {
		return err
	}
	if err := c.show(app, rep); err != nil {
		return err
	}
	return exitWith(statusOf(rep.Verdict))
}

// checkSeries checks what says when runs start.
func (c *RunCmd) checkSeries() (hours, error) {
	if c.Repeat < 1 {
		return nil, fmt.Errorf("--repeat %d: give 1 or more", c.Repeat)
	}
	if c.Every < 0 || c.Every > 0 && c.Repeat == 1 {
		return nil, errors.New("--every: give a time from one start to the next, as in --repeat 8 --every 15m")
	}
	return parseHours(c.Hours)
}

// once makes one assessment and writes its files.
func (c *RunCmd) once(ctx context.Context, app *App, a assessment) (report.Report, error) {
	watch := c.watcher(app)
	rep, err := a.run(ctx, watch.event)
	watch.done()
	if err != nil {
		return rep, err
	}
	files, err := a.save(rep, c.Format)
	if err != nil {
		// What was measured must not be lost with the disk that was full.
		if c.JSON {
			_ = report.WriteJSON(app.Stdout, rep)
		}
		return rep, usageError(err)
	}
	if !c.Quiet && !c.JSON && c.Repeat == 1 {
		for _, f := range files {
			fmt.Fprintln(app.Stderr, "written:", oneLine(f))
		}
	}
	return rep, nil
}

// show prints the report of a single run.
func (c *RunCmd) show(app *App, rep report.Report) error {
	switch {
	case c.JSON:
		return report.WriteJSON(app.Stdout, rep)
	case c.Quiet:
		return nil
	}
	return report.Terminal(app.Stdout, rep, report.TerminalOptions{
		Color: isTerminal(app.Stdout) && !c.NoColor,
		Width: terminalWidth(app.Stdout),
	})
}

// series repeats the assessment. Only the end of the series or Ctrl-C ends it.
func (c *RunCmd) series(app *App, a assessment, within hours) error {
	worst := exitReady
	var reports []report.Report
	for i := range c.Repeat {
		if !within.await(app.Ctx, app.say) {
			worst = worse(worst, exitUndetermined)
			break
		}
		began := time.Now()
		rep, err := c.once(app.Ctx, app, a)
		status := statusOf(rep.Verdict)
		if err != nil {
			status = app.report(err)
		} else {
			reports = append(reports, rep)
			c.line(app.Stdout, i, rep)
		}
		worst = worse(worst, status)
		if app.Ctx.Err() != nil || i == c.Repeat-1 {
			break
		}
		select {
		case <-app.Ctx.Done():
		case <-time.After(c.Every - time.Since(began)):
		}
		if app.Ctx.Err() != nil {
			fmt.Fprintf(app.Stderr, "netready: stopped after %d of %d runs\n", i+1, c.Repeat)
			worst = worse(worst, exitUndetermined)
			break
		}
	}
	if c.JSON {
		if err := report.WriteJSONArray(app.Stdout, reports); err != nil {
			return err
		}
	}
	return exitWith(worst)
}

// line is one run of a series on the terminal.
func (c *RunCmd) line(w io.Writer, i int, rep report.Report) {
	if c.JSON || c.Quiet {
		return
	}
	up, down := orEmpty(rep.Voice.Up), orEmpty(rep.Voice.Down)
	fmt.Fprintf(w, "%d/%d  %s  %-12s  MOS %s / %s  jitter %s / %s ms  loss %s / %s %%  round trip %s ms\n",
		i+1, c.Repeat, rep.StartedAt.Local().Format("2006-01-02 15:04:05"), rep.Verdict,
		figure(up.MOS), figure(down.MOS), figure(up.JitterMS), figure(down.JitterMS),
		figure(up.LossPercent), figure(down.LossPercent), figure(rttAvg(rep.Result)))
}

func orEmpty(d *facts.Direction) facts.Direction {
	if d == nil {
		return facts.Direction{}
	}
	return *d
}

func rttAvg(r facts.Result) *float64 {
	if r.Voice.RTT == nil {
		return nil
	}
	return r.Voice.RTT.AvgMS
}

// figure prints a number, or a dash for what was not measured.
func figure(f *float64) string {
	if f == nil {
		return "–"
	}
	return fmt.Sprintf("%.2f", *f)
}

// statusOf maps a verdict to the exit status.
func statusOf(v thresholds.Verdict) int {
	switch v {
	case thresholds.Ready:
		return exitReady
	case thresholds.NotReady:
		return exitNotReady
	case thresholds.Undetermined:
		return exitUndetermined
	}
	return exitUndetermined
}

// worse ranks exit statuses: not ready wins over all, then a run that could
// not start, then undetermined.
func worse(a, b int) int {
	rank := map[int]int{exitReady: 0, exitUndetermined: 1, exitUsage: 2, exitNotReady: 3}
	if rank[b] > rank[a] {
		return b
	}
	return a
}
