package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"netready/report"
	"netready/report/html"
)

// schedule says when the runs of a series start.
type schedule struct {
	count  int           // of runs, where until is zero
	every  time.Duration // from one start to the next
	until  time.Time     // no run starts then or later; zero: count decides
	within hours
}

// usualEvery is the time from one start to the next with --until alone.
const usualEvery = 15 * time.Minute

func (s schedule) single() bool { return s.until.IsZero() && s.count == 1 }

// isOver says that no further run starts, after so many of them.
func (s schedule) isOver(runs int, now time.Time) bool {
	if s.until.IsZero() {
		return runs >= s.count
	}
	return !now.Before(s.until)
}

// checkSeries checks what says when runs start.
func (c *runCmd) checkSeries(now time.Time) (schedule, error) {
	s := schedule{count: c.Repeat, every: c.Every}
	switch {
	case c.Repeat < 1:
		return s, fmt.Errorf("--repeat %d: give 1 or more", c.Repeat)
	case c.Until != "" && c.Repeat > 1:
		return s, errors.New("--until and --repeat both say when a series ends: give one of them")
	case c.Every < 0 || c.Every > 0 && c.Repeat == 1 && c.Until == "":
		return s, errors.New("--every: give a time from one start to the next, as in --repeat 8 --every 15m or --until 18:00 --every 15m")
	}
	if c.Until != "" {
		at, err := timeOfDay(c.Until)
		if err != nil {
			return s, fmt.Errorf("--until %q: give a time of the day, as in 18:00", c.Until)
		}
		s.until = next(at, now)
		if s.every == 0 {
			s.every = usualEvery
		}
	}
	var err error
	s.within, err = parseHours(c.Hours)
	return s, err
}

// next is when a time of the day comes next.
func next(at time.Duration, now time.Time) time.Time {
	year, month, date := now.Date()
	minutes := int(at / time.Minute)
	for {
		if t := time.Date(year, month, date, minutes/60, minutes%60, 0, 0, now.Location()); t.After(now) {
			return t
		}
		date++
	}
}

// series repeats the assessment. Only the end of the series or Ctrl-C ends it: a
// run that cannot be made (the responder restarts, the network is gone) is a gap
// with its reason, and the next one starts as usual. The table of a series over hours is
// written after every run, so that it exists even if this computer fails later.
func (c *runCmd) series(app *app, a assessment, plan schedule) error {
	worst := exitReady
	var all report.Series
	for !plan.isOver(len(all.Runs), time.Now()) {
		if !plan.within.await(app.Ctx, app.say) {
			worst = worse(worst, exitUndetermined)
			break
		}
		began := time.Now()
		rep, err := c.once(app.Ctx, app, a)
		status := statusOf(rep.Verdict)
		if err != nil {
			status = app.report(err)
			all.Runs = append(all.Runs, report.SeriesRun{At: began, Reason: err.Error()})
		} else {
			all.Runs = append(all.Runs, report.SeriesRun{At: rep.StartedAt, Report: &rep})
			c.line(app.Stdout, len(all.Runs), plan, rep)
		}
		worst = worse(worst, status)
		if err := c.keep(app, a, all); err != nil {
			return err
		}
		a.delivery.send(app.Ctx)
		due := began.Add(plan.every)
		if app.Ctx.Err() == nil && !plan.isOver(len(all.Runs), later(due, time.Now())) {
			waitUntil(app.Ctx, due)
		} else if app.Ctx.Err() == nil {
			break
		}
		if app.Ctx.Err() != nil {
			app.say("stopped after %d runs, before the series was over", len(all.Runs))
			worst = worse(worst, exitUndetermined)
			break
		}
	}
	if err := c.showSeries(app, all); err != nil {
		return err
	}
	return exitWith(worst)
}

// keep writes the table of a series over hours so far.
func (c *runCmd) keep(app *app, a assessment, all report.Series) error {
	if c.Until == "" {
		return nil // --repeat writes the files of its runs and nothing else
	}
	path, err := report.WriteSeriesFile(a.out, all)
	graph, graphErr := html.WriteSeriesFile(a.out, all)
	if err := errors.Join(err, graphErr); err != nil {
		return usageError(fmt.Errorf("writing the table of the series: %w", err))
	}
	for _, file := range []string{path, graph} {
		if file == "" || !a.shared {
			continue
		}
		if err := report.Share(file); err != nil {
			return usageError(err)
		}
	}
	if path != "" && len(all.Runs) == 1 && !c.Quiet && !c.JSON {
		app.say("the table of this series: %s, and as a graph: %s", path, graph)
	}
	return nil
}

// showSeries prints the end of a series.
func (c *runCmd) showSeries(app *app, all report.Series) error {
	switch {
	case c.JSON:
		var reports []report.Report
		for _, r := range all.Runs {
			if r.Report != nil {
				reports = append(reports, *r.Report)
			}
		}
		return report.WriteJSONArray(app.Stdout, reports)
	case c.Quiet:
		return nil
	}
	return report.TerminalSeries(app.Stdout, all)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wakeEvery is how often a waiting series looks at the clock.
const wakeEvery = 10 * time.Second

// waitUntil waits for a moment of the wall clock: a timer does not run while a computer
// sleeps. It returns at once if the moment is past.
func waitUntil(ctx context.Context, at time.Time) {
	for {
		left := at.Round(0).Sub(time.Now().Round(0)) // without the monotonic clock
		if left <= 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(left, wakeEvery)):
		}
	}
}

// line is one run of a series on the terminal.
func (c *runCmd) line(w io.Writer, i int, plan schedule, rep report.Report) {
	if c.JSON || c.Quiet {
		return
	}
	number := fmt.Sprint(i)
	if plan.until.IsZero() {
		number = fmt.Sprintf("%d/%d", i, plan.count)
	}
	up, down := orEmpty(rep.Voice.Up), orEmpty(rep.Voice.Down)
	fmt.Fprintf(w, "%s  %s  %-12s  MOS %s / %s  jitter %s / %s ms  loss %s / %s %%  round trip %s ms\n",
		number, rep.StartedAt.Local().Format("2006-01-02 15:04:05"), rep.Verdict,
		figure(up.MOS), figure(down.MOS), figure(up.JitterMS), figure(down.JitterMS),
		figure(up.LossPercent), figure(down.LossPercent), figure(rttAvg(rep.Result)))
}
