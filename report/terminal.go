package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"netready/internal/screen"
	"netready/probe/facts"
	"netready/thresholds"
)

// TerminalOptions say how the report is shown on a terminal.
type TerminalOptions struct {
	Color bool
	Width int // columns; 0: 100. Under 80, FIREWALL is printed below VOIP
}

// Terminal writes the two columns VOIP and FIREWALL and what to do first.
func Terminal(w io.Writer, r Report, o TerminalOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	p := paint{on: o.Color}
	return buffered(w, func(b *bytes.Buffer) {
		fmt.Fprintf(b, "\n%s\n\n", p.bold(OneLine(strings.TrimSpace(strings.Join(nonEmpty(
			r.Organization, r.Machine.Hostname, strings.TrimSpace(r.Region.ID+" "+inParentheses(r.Region.Name)),
			r.StartedAt.UTC().Format(timeLayout)+" UTC"), " · ")))))
		if !isCutOff(r) {
			terminalBody(b, r, p, o.Width)
		}
		fmt.Fprintln(b, screen.Wrap(p.verdict(r.Verdict)+" "+OneLine(r.Headline()), o.Width, 0, len(verdictWords(r.Verdict))+1))
	})
}

// isCutOff says that nothing was measured because this computer reaches nothing: then
// one sentence is enough.
func isCutOff(r Report) bool {
	code := r.Environment.Connectivity.Code
	return code != "" && r.Voice.Up == nil && r.Voice.Down == nil && r.Voice.RTT == nil &&
		!slices.ContainsFunc(r.Firewall, func(row facts.PortRow) bool { return row.Status != facts.StatusNotMeasured || row.Reason != code })
}

func terminalBody(b *bytes.Buffer, r Report, p paint, width int) {
	voip, ports := voipColumn(r, p), firewallColumn(r, p)
	if width < 80 {
		stacked(b, voip, ports)
	} else {
		sideBySide(b, voip, ports, min(width, 140))
	}
	fullLine(b, r, p, width)
	var said []string
	if call := CallWords(r.Voice); call != "" {
		said = append(said, "Test call: "+OneLine(call))
	}
	if i := r.Machine.Interface; i.Name != "" && i.Kind != facts.Loopback {
		said = append(said, "Link: "+OneLine(strings.Join(nonEmpty(thresholds.LinkWords(i, thresholds.Figure)...), ", ")))
	}
	if note := r.Bandwidth.Note; note != "" {
		said = append(said, "Bandwidth: "+note)
	}
	for _, line := range []string{thresholds.Unmeasured(r.Firewall), thresholds.OptionalFailed(r.Firewall)} {
		if line != "" {
			said = append(said, "Firewall: "+line)
		}
	}
	for _, line := range said {
		fmt.Fprintln(b, screen.Wrap(line, width, 0, 2))
	}
	if len(said) > 0 {
		fmt.Fprintln(b)
	}
	missingLines(b, r, width)
}

func nonEmpty(words ...string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// paint colours words if it is on.
type paint struct{ on bool }

func (p paint) wrap(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string { return p.wrap("1", s) }

func (p paint) mark(level thresholds.Level) string {
	switch level {
	case thresholds.Pass:
		return p.wrap("32", "✔")
	case thresholds.Fail:
		return p.wrap("31", "✘")
	case thresholds.Warn:
		return p.wrap("33", "!")
	case thresholds.Unknown:
	}
	return p.wrap("33", "–")
}

func (p paint) verdict(v thresholds.Verdict) string {
	code := map[thresholds.Verdict]string{thresholds.Ready: "1;32", thresholds.NotReady: "1;31"}[v]
	if code == "" {
		code = "1;33"
	}
	return p.wrap(code, verdictWords(v))
}

func voipColumn(r Report, p paint) []string {
	lines := []string{p.bold(headVoip), fmt.Sprintf("  %-16s %-14s %12s %12s", "", "expected", "up", "down")}
	for _, m := range r.Limits.Figures(r.Result) {
		up, down := Sign(m, m.Up)+shortFigureOf(m.Up.Got, m), ""
		if !m.Single() {
			down = Sign(m, m.Down) + shortFigureOf(m.Down.Got, m)
		}
		lines = append(lines, fmt.Sprintf("%s %-16s %-14s %12s %12s", p.mark(m.Level), m.Name, m.Limit.Words(m.Unit), up, down))
		if up, down = shortBetween(m, m.Up), shortBetween(m, m.Down); up+down != "" {
			lines = append(lines, fmt.Sprintf("    %-14s %-14s %12s %12s", betweenTitle, borderlineWord(m), up, down))
		}
	}
	if b := r.Bandwidth; b.UpMbps != nil || b.DownMbps != nil {
		lines = append(lines, fmt.Sprintf("  %-16s %-14s %12s %12s", "Bandwidth", "", megabits(b.UpMbps, b.UpAtLeast), megabits(b.DownMbps, b.DownAtLeast)))
	}
	if c := r.Capacity; c != nil && c.GoodCalls != nil {
		lines = append(lines, fmt.Sprintf("  %-16s %-14s %12s", "Calls at once", "", thresholds.GoodCalls(*c)))
	}
	return lines
}

// shortBetween is Between in a narrow column: 0.33–1.33 %, ≤ 1.33 %.
func shortBetween(m thresholds.Judged, g thresholds.Graded) string {
	return strings.NewReplacer("up to ", "≤ ", "at least ", "≥ ", " to ", "–").Replace(Between(m, g))
}

// borderlineWord says that a longer call could be judged otherwise.
func borderlineWord(m thresholds.Judged) string {
	if m.Up.Borderline || m.Down.Borderline {
		return "borderline"
	}
	return ""
}

// shortFigureOf is a figure as people read it; the TXT has all its digits.
func shortFigureOf(f *float64, m thresholds.Judged) string {
	if f == nil {
		return NotMeasured
	}
	return thresholds.FigureBy(*f, m.Unit, m.Limit)
}

// megabits is a throughput, with the sign of a lower bound where it is one.
func megabits(f *float64, bound bool) string {
	switch {
	case f == nil:
		return NotMeasured
	case bound:
		return "≥ " + thresholds.Figure(*f, "Mbit/s")
	}
	return thresholds.Figure(*f, "Mbit/s")
}

func firewallColumn(r Report, p paint) []string {
	lines := []string{p.bold(headFirewall), ""}
	for _, row := range r.Firewall {
		lines = append(lines, p.mark(thresholds.RowLevel(row))+" "+OneLine(row.Name)+rowWords(row))
	}
	if len(r.Firewall) == 0 {
		lines = append(lines, "– not measured")
	}
	return lines
}

// rowWords is the reason of what did not pass.
func rowWords(row facts.PortRow) string {
	if row.Status == facts.StatusPass {
		return ""
	}
	words := []string{thresholds.ReasonWords(row.Reason)}
	if row.Status == facts.StatusNotMeasured {
		words = []string{NotMeasured}
	}
	if len(row.FailedPorts) > 0 {
		words = append(words, fmt.Sprintf("%d of %d ports", len(row.FailedPorts), len(row.Tested)))
	}
	if !row.Required {
		words = append(words, "optional")
	}
	return " (" + OneLine(strings.Join(nonEmpty(words...), ", ")) + ")"
}

func stacked(b *bytes.Buffer, columns ...[]string) {
	for _, c := range columns {
		for _, line := range c {
			fmt.Fprintln(b, strings.TrimRight(line, " "))
		}
		fmt.Fprintln(b)
	}
}

func sideBySide(b *bytes.Buffer, left, right []string, width int) {
	const leftWidth = 60
	var folded []string // long reasons are wrapped, not cut
	for _, line := range right {
		folded = append(folded, strings.Split(screen.Wrap(line, width-leftWidth-2, 0, 2), "\n")...)
	}
	right = folded
	for i := range max(len(left), len(right)) {
		l, r := "", ""
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		fmt.Fprintln(b, strings.TrimRight(l+strings.Repeat(" ", max(1, leftWidth-screen.Places(l)))+" "+r, " "))
	}
	fmt.Fprintln(b)
}

// missingLines say what was not measured, each reason once, of the figures that the
// terminal shows: the files have the rest, and the user knows what was not asked for.
func missingLines(b *bytes.Buffer, r Report, width int) {
	var shown []facts.NotMeasured
	for _, n := range r.NotMeasured {
		// What is known of both ways together is in the table, as a bound.
		if isShown(n.What) && n.Code != facts.CodeNotAsked && n.Code != facts.CodeTogether {
			shown = append(shown, n)
		}
	}
	all := gaps(shown)
	for _, g := range all {
		names := make([]string, len(g.whats))
		for i, what := range g.whats {
			names[i] = fieldWords(what)
		}
		fmt.Fprintln(b, screen.Wrap(OneLine("Not measured: "+some(names, "; ")+": "+g.reason), width, 0, 2))
	}
	if len(all) > 0 {
		fmt.Fprintln(b)
	}
}

// isShown says whether the terminal shows a figure or a part.
func isShown(what string) bool {
	part, _, _ := strings.Cut(what, ".")
	if part == "machine" || part == "environment" {
		return false
	}
	for _, figure := range []string{"clock_skew_ppm", "jitter_max_ms", "pdv_p99_ms", "worst_window_percent", "send_lateness_ms"} {
		if strings.HasSuffix(what, figure) {
			return false
		}
	}
	return true
}
