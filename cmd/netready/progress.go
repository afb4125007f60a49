package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"netready/probe"
)

// A watcher shows how far a run is: a bar on a terminal, a line a step in a
// log, nothing with --quiet, --json into a file, or in a series.
type watcher struct {
	event func(probe.Event)
	done  func()
}

func (c *runCmd) watcher(app *app) watcher {
	switch {
	case c.Quiet:
		return watcher{event: func(probe.Event) {}, done: func() {}}
	case isTerminal(app.Stderr):
		return barWatcher(app.Stderr)
	case c.Repeat > 1 || c.JSON:
		return watcher{event: func(probe.Event) {}, done: func() {}}
	}
	return lineWatcher(app.Stderr)
}

// barWatcher draws a bar with the step's name and the time left.
func barWatcher(w io.Writer) watcher {
	const whole = 1000
	bar := progressbar.NewOptions(whole,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetWidth(24),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(false),
	)
	return watcher{
		event: func(e probe.Event) {
			bar.Describe(fmt.Sprintf("%-34s %s", oneLine(e.Text), timeLeft(e.Left, "%4s left")))
			_ = bar.Set(int(e.Done * whole)) // a bar that cannot be drawn harms nothing
		},
		done: func() { _ = bar.Clear() },
	}
}

// timeLeft is the time left, "" where it is not known.
func timeLeft(left time.Duration, format string) string {
	if left <= 0 {
		return ""
	}
	return fmt.Sprintf(format, left.Round(time.Second))
}

// lineWatcher prints a line at the start of each step.
func lineWatcher(w io.Writer) watcher {
	last := ""
	return watcher{
		event: func(e probe.Event) {
			if e.Text != last && e.Text != "" {
				last = e.Text
				fmt.Fprintf(w, "%s%s\n", oneLine(e.Text), timeLeft(e.Left, " (%s left)"))
			}
		},
		done: func() {},
	}
}
