package report

import (
	"netready/probe/facts"
	"netready/thresholds"
)

// sign says that a figure is a bound: what is known of both ways together is
// the most that each can have, or the least.
func sign(m thresholds.Judged, g thresholds.Graded) string {
	switch {
	case !g.Bound || g.Got == nil:
		return ""
	case m.AtLeast:
		return "≥ "
	}
	return "≤ "
}

// boundedWords is a cell in words: at most 4.2 ms there and back.
func boundedWords(m thresholds.Judged, g thresholds.Graded) string {
	cell := withWord(unitText(g.Got, m.Unit), m.Name)
	switch sign(m, g) {
	case "≤ ":
		return "at most " + cell + " there and back"
	case "≥ ":
		return "at least " + cell + " there and back"
	}
	return cell
}

// throughRelay says what a call through a TURN server went through, and what
// its signs mean; "" for any other.
func throughRelay(v facts.Voice) string {
	if v.Mode != facts.ModeRelay || v.Relay == nil {
		return ""
	}
	return "through the TURN server " + OneLine(v.Relay.Server) + "; ≤ and ≥: there and back together"
}
