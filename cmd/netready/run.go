package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"netready/internal/screen"
	"netready/probe/facts"
	"netready/report"
	"netready/thresholds"
)

// runCmd is "netready run": one assessment, or a series of them.
type runCmd struct {
	assessFlags

	JSON    bool          `name:"json" help:"Print the result as one JSON document on stdout and nothing else there (with --repeat an array)."`
	Quiet   bool          `short:"q" help:"No progress and no report on the terminal: only the files and the exit status."`
	NoColor bool          `env:"NO_COLOR" help:"No colour, even on a terminal."`
	Repeat  int           `default:"1" placeholder:"N" help:"Run N times, each with files of its own; a run that fails does not end the series."`
	Every   time.Duration `placeholder:"15m" help:"Time from one start to the next, with --repeat or --until (there: default 15m)."`
	Until   string        `placeholder:"18:00" help:"Run again and again until this time of the day (local time; tomorrow if it is past), in place of --repeat. The runs and their worst quarter of an hour are also in one table, netready-series_….txt."`
	Hours   []string      `sep:"," placeholder:"9-12,14-17" help:"Start runs in these hours of the day only (local time). With --repeat the next run waits for them; a single run outside of them measures nothing and ends undetermined."`
	Format  []string      `enum:"${formats}" sep:"," placeholder:"${formats}" help:"More files, in addition to the TXT and the JSON."`
}

// Run assesses and says how it went.
func (c *runCmd) Run(app *app) error {
	plan, err := c.checkSeries(time.Now())
	if err != nil {
		return usageError(err)
	}
	if wait := plan.within.wait(time.Now()); plan.single() && wait > 0 {
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
	a.delivery = newDelivery(c.consent, a.plan, func(n news) {
		if isTerminal(app.Stderr) && !c.Quiet && (n.state == asked || n.state == willSend) {
			fmt.Fprintln(app.Stderr) // below the bar
		}
		if n.state == asked {
			n.text += ". To keep it to yourself: --no-upload"
		}
		if !c.Quiet || n.state == asked || n.state.isTrouble() {
			app.say("%s", n.text)
		}
	})
	a.delivery.sendEarlier(app.Ctx)
	if !plan.single() {
		return c.series(app, a, plan)
	}
	rep, err := c.once(app.Ctx, app, a)
	if err != nil {
		return err
	}
	err = c.show(app, rep)
	a.delivery.send(app.Ctx)
	if err != nil {
		return err
	}
	return exitWith(statusOf(rep.Verdict))
}

// once makes one assessment and writes its files.
func (c *runCmd) once(ctx context.Context, app *app, a assessment) (report.Report, error) {
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
	a.delivery.keep(rep)
	if !c.Quiet && !c.JSON && c.Repeat == 1 && c.Until == "" {
		for _, f := range files {
			fmt.Fprintln(app.Stderr, "written:", oneLine(f))
		}
	}
	return rep, nil
}

// show prints the report of a single run.
func (c *runCmd) show(app *app, rep report.Report) error {
	switch {
	case c.JSON:
		return report.WriteJSON(app.Stdout, rep)
	case c.Quiet:
		return nil
	}
	return report.Terminal(app.Stdout, rep, report.TerminalOptions{
		Color: isTerminal(app.Stdout) && !c.NoColor,
		Width: cmp.Or(screen.Width(app.Stdout), 100), // of a file
	})
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
