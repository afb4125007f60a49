package thresholds

import (
	"slices"
	"strings"

	"netready/probe"
)

// Headline is the closing sentence: ready or not, and what to do first.
func Headline(v Verdict, findings []Finding, r probe.Result) string {
	const unsaid = "It cannot be said whether this network is ready: "
	if c := r.Environment.Connectivity; c.Code != "" && c.Code != probe.Online {
		return ended(c.Text)
	}
	switch v {
	case Ready:
		return ready(r)
	case NotReady:
		return strings.TrimSpace("This network is not ready. " + first(findings, Fail))
	case Undetermined:
	}
	switch gap := noSession(r); {
	case !r.Complete:
		return unsaid + "the run did not come to its end. Run it again and let it finish."
	case r.Voice.Mode == probe.ModeResponder || r.Voice.Mode == probe.ModeRelay || r.Region.Responder != "":
		return strings.TrimSpace(unsaid + "nothing failed, but something required was not measured. " + first(findings, Unknown))
	case gap.Code == probe.CodeNoResponder || gap.Reason == "":
		return unsaid + "nothing failed, but without a responder in the region up and down cannot be measured. " +
			"Run netready-responder on a host there and give its invite with --responder."
	case gap.Code == probe.CodeNoRelay:
		return unsaid + "nothing that was measured failed, but the TURN server could not be used: " + ended(gap.Reason) +
			" Check its address and ports, then run this again."
	default:
		return unsaid + "nothing that was measured failed, but the responder could not be used: " + ended(gap.Reason) +
			" Check that it runs, that its invite is the latest one, and that this network lets HTTPS through to it; then run this again."
	}
}

// ready is the closing sentence of a run that nothing stands against.
func ready(r probe.Result) string {
	if bounds := Bounds(r); bounds != "" {
		return bounds
	}
	return "This network is ready for cloud voice: every required figure and port is within its limit."
}

// Bounds says what keeps a ready verdict from being the whole answer: the call
// never left the machine, or parts of the assessment were left out. It is ""
// where nothing does.
func Bounds(r probe.Result) string {
	for _, part := range []string{probe.PartVoice, probe.PartFirewall} {
		if len(r.Parts) > 0 && !slices.Contains(r.Parts, part) {
			return "Nothing stands against this network in what was asked for (" + strings.Join(r.Parts, ", ") +
				"). For the whole answer run it without --only."
		}
	}
	if r.Machine.Interface.Kind == loopback {
		return "This machine is ready: every required figure and port is within its limit. The call never left it, " +
			"so this says nothing about the network: for that, give the invite of a responder elsewhere."
	}
	return ""
}

// noSession is the gap that says why there was no session with a responder;
// its reason is "" where nothing does.
func noSession(r probe.Result) probe.NotMeasured {
	for _, what := range []string{"voice.up", "voice", "firewall", "firewall.responder", "ping", "bandwidth"} {
		for _, n := range r.NotMeasured {
			if n.What == what && n.Reason != "" && n.Code != probe.CodeNotAsked {
				return n
			}
		}
	}
	return probe.NotMeasured{}
}

// first is the first finding of a level, and what to do about it.
func first(findings []Finding, level Level) string {
	for _, f := range findings {
		if f.Level == level {
			return strings.TrimSpace("First: " + ended(f.Text) + " " + f.Advice)
		}
	}
	return ""
}

// ended is a sentence on one line with its full stop.
func ended(s string) string {
	return strings.TrimRight(strings.Join(strings.Fields(s), " "), ". ") + "."
}
