package report

import (
	"fmt"
	"strings"

	"netready/probe/facts"

	"netready/thresholds"
)

// callWords say what call was placed: codec and length, and the length that was
// asked for where it was not reached. "" where none was.
func callWords(v facts.Voice) string {
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
