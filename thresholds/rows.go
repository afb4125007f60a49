package thresholds

import (
	"cmp"
	"slices"
	"strings"

	"netready/probe/facts"
)

// ports judges the firewall column.
func (j *judge) ports() {
	if len(j.result.Firewall) == 0 {
		j.add(Finding{Level: Unknown, What: WhatPort, Text: "No port was checked: " + j.why("firewall", "run"), Advice: "Run it again."})
	}
	// The rows of the call's own path come first: they explain the most.
	rows := slices.Clone(j.result.Firewall)
	slices.SortStableFunc(rows, func(a, b facts.PortRow) int { return cmp.Compare(rank(a.Protocol), rank(b.Protocol)) })
	for _, row := range rows {
		// The finding about the connectivity gives this reason, once for all rows.
		if row.Status == facts.StatusNotMeasured && row.Reason != "" && row.Reason == j.result.Environment.Connectivity.Code {
			continue
		}
		f := Row(row)
		if f.Level == Unknown && row.Status == facts.StatusNotMeasured && j.isSaidFirst(row.Reason) {
			f.Text, f.Advice = row.Name+" was not measured"+saidFirst, ""
		}
		j.add(f)
	}
}

func rank(protocol string) int {
	if i := slices.Index([]string{"udp", "udp-range"}, protocol); i >= 0 {
		return i
	}
	return 2
}

// RowLevel is the verdict on one row of the firewall column. What was not
// measured never passes; what is not required never counts against a verdict.
func RowLevel(row facts.PortRow) Level {
	switch {
	case row.Status == facts.StatusPass:
		return Pass
	case !row.Required:
		return Warn
	case row.Status == facts.StatusFail:
		return Fail
	}
	return Unknown
}

// Row is the verdict on one row, in words, with what to do and what to ask for.
func Row(row facts.PortRow) Finding {
	f := Finding{What: WhatPort, Level: RowLevel(row), Row: row.Name, Code: row.Reason, Text: row.Name + ": "}
	failed := row.Status == facts.StatusFail
	switch {
	case f.Level == Pass:
		f.Text += "open"
		f.Code = ""
	case f.Level == Fail:
		f.Text += "failed (" + cmp.Or(ReasonWords(row.Reason), "for a reason not known") + ")" + colon(row.Detail)
		f.Rule, f.Advice = request(row)
	case failed:
		f.Text += "failed (" + ReasonWords(row.Reason) + "), which does not count against the verdict" + colon(row.Note)
		f.Rule, _ = request(row)
		f.Advice = row.Detail
	case row.Required:
		f.Text += "required, but not measured: " + cmp.Or(row.Detail, ReasonWords(row.Reason))
		f.Advice = measurable(row.Reason)
	default:
		f.Text += "not measured, and not required: " + cmp.Or(row.Detail, ReasonWords(row.Reason))
	}
	return f
}

// colon is an explanation to be added to a text, "" where there is none.
func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

// ReasonWords is the code of a row's reason in words that fit into a line.
func ReasonWords(code string) string {
	if words := reasonWords[code].short; words != "" {
		return words
	}
	return strings.ReplaceAll(code, "_", " ")
}

// ReasonSentence is a reason in a sentence without its full stop, for a row that says nothing
// more; "" where there is none.
func ReasonSentence(code string) string { return reasonWords[code].sentence }

// reasonWords are those of the reasons; short where it says more than the code does. Silence is
// "no answer", not "blocked": nobody can see from here why nothing came back.
var reasonWords = map[string]struct{ short, sentence string }{
	facts.ReasonRefused:     {"", "The connection was refused at once: a firewall rejects it, or nothing listens there"},
	facts.ReasonNoReply:     {"", "No answer came: something on the path drops it, or nothing listens there"},
	facts.ReasonUnreachable: {"no route", "There is no route to that address"},
	facts.ReasonProhibited:  {"forbidden", "A router or firewall on the way said that this is forbidden"},
	facts.ReasonDNS:         {"name not resolved", "The name could not be looked up"},
	facts.ReasonTLS:         {"no TLS connection", "The port is open, but no secure connection came about"},
	facts.ReasonIntercepted: {"intercepted on the path", "Something on the way opens the secure connection: a proxy that inspects traffic"},
	facts.ReasonHijacked:    {"somebody else answered", "Something other than the service answered"},
	facts.ReasonResetAfter:  {"cut after connecting", "The connection opened and was cut at once, as inspecting firewalls do"},
	facts.ReasonProtocol:    {"unusual answer", ""},
	facts.ReasonNotServed:   {"not served by the responder", ""},
	facts.ReasonPCBusy:      {"this PC was busy", ""},
	facts.CodeDNSDead:       {"DNS is dead", ""},
}

// measurable says what to do so that a row is measured, by the reason that it was
// not.
func measurable(reason string) string {
	switch reason {
	case facts.ReasonStopped:
		return letItFinish
	case facts.ReasonNotServed:
		return "Ask whoever runs the responder to serve this port too (--ports standard)."
	case facts.CodeBusy:
		return "Run it again at a quieter time, or ask whoever runs the responder to let more calls in (--max-per-address, --max-packet-rate)."
	case facts.CodeRefused:
		return "Ask for less (--calls, --duration), or ask whoever runs the responder to grant more."
	case facts.CodeUnreachable:
		return "Check that the responder runs and that this network lets TCP out to its control port."
	case facts.ReasonNoResponder:
		return "Run a responder in the region (netready-responder) and give its invite with --responder."
	}
	return "Correct what it names and run it again."
}
