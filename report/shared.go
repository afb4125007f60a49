package report

import (
	"fmt"
	"strconv"
	"strings"

	"netready/probe/facts"
	"netready/thresholds"
)

// Words that several formats share: of a verdict, a call and a figure. The lines of
// facts are in other_facts.go, the gaps in missing.go.

// NotMeasured is printed in the place of a figure.
const NotMeasured = "not measured"

// Digits prints all digits of a figure and no others.
func Digits(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// Headline is the sentence that says what to do first.
func (r *Report) Headline() string { return thresholds.Headline(r.Verdict, r.Findings, r.Result) }

// verdictWords are the verdict in capitals: READY, NOT READY, NO VERDICT YET.
func verdictWords(v thresholds.Verdict) string { return strings.ToUpper(v.Title()) }

func inParentheses(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

// CallWords say what call was placed: codec and length, and the length that was
// asked for where it was not reached. "" where none was.
func CallWords(v facts.Voice) string {
	if v.Codec == "" || v.DurationS == 0 && v.DurationAskedS == 0 || v.Up == nil && v.Down == nil && v.Loop == nil {
		return ""
	}
	parts := []string{v.Codec, thresholds.Figure(v.PtimeMS, "ms") + " packets", lengthWords(v), "jitter buffer " + thresholds.Figure(v.JitterBufferMS, "ms")}
	if v.Calls > 1 {
		parts = append(parts, fmt.Sprintf("the worst of %d calls at once", v.Calls))
	}
	if through := throughRelay(v); through != "" {
		parts = append(parts, through)
	}
	return strings.Join(parts, ", ")
}

// lengthWords are how long the call was.
func lengthWords(v facts.Voice) string {
	length := thresholds.Figure(v.DurationS, "s")
	if v.DurationS < v.DurationAskedS {
		length += " instead of the " + thresholds.Figure(v.DurationAskedS, "s") + " asked for"
	}
	return length
}

// throughRelay names the TURN server of a call, and explains the signs of its figures;
// "" for any other call.
func throughRelay(v facts.Voice) string {
	if v.Mode != facts.ModeRelay || v.Relay == nil {
		return ""
	}
	return "through the TURN server " + OneLine(v.Relay.Server) + "; ≤ and ≥: there and back together"
}

// Between is what a share may be in the long run, with a confidence of 95 %, in
// words; "" where that is not known.
func Between(m thresholds.Judged, g thresholds.Graded) string {
	if g.Interval == nil {
		return ""
	}
	return thresholds.Between(g.Interval, m.Unit, m.Limit)
}

// betweenTitle names the row of such words.
const betweenTitle = "95 % sure"

// Sign says that a figure is a bound: what is known of both ways together is
// the most that each can have, or the least.
func Sign(m thresholds.Judged, g thresholds.Graded) string {
	switch {
	case !g.Bound || g.Got == nil:
		return ""
	case m.AtLeast:
		return "≥ "
	}
	return "≤ "
}
