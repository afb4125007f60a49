package thresholds

import (
	"slices"
	"strings"

	"netready/probe/facts"
)

// Headline is the closing sentence: ready or not, and what to do first.
func Headline(v Verdict, findings []Finding, r facts.Result) string {
	if isCutOff(r) {
		return ended(r.Environment.Connectivity.Text)
	}
	switch v {
	case Ready:
		return ready(findings, r)
	case NotReady:
		return notReady(findings, r)
	case Undetermined:
	}
	return undetermined(findings, r)
}

// ready is the closing sentence of a run in which nothing failed.
func ready(findings []Finding, r facts.Result) string {
	said := ""
	if i := slices.IndexFunc(findings, func(f Finding) bool { return f.What == WhatRegion || f.What == WhatCPU || f.What == WhatLateness }); i >= 0 && !IsSelfTest(r) {
		said = ended(findings[i].Text) + " "
	}
	if bounds := Bounds(r); bounds != "" {
		return said + bounds
	}
	return said + "This network is ready for cloud voice: every required figure and port is within its limit."
}

func notReady(findings []Finding, r facts.Result) string {
	said := []string{"This network is not ready."}
	if IsSelfTest(r) {
		said = []string{"This computer itself is not ready.", SelfTest}
	}
	if blocked := Blocked(r.Firewall); blocked != "" {
		said = append(said, blocked+".")
	}
	if place := leading(findings); place != nil {
		said = append(said, ended(place.Text))
	}
	return strings.TrimSpace(strings.Join(append(said, first(findings, Fail)), " "))
}

// undetermined says what is missing for a verdict and how to get it.
func undetermined(findings []Finding, r facts.Result) string {
	const noFault = " Nothing that was measured failed."
	if place := leading(findings); place != nil && r.Complete {
		return strings.TrimSpace("No verdict can be given. " + ended(place.Text) + " " + place.Advice)
	}
	switch gap := noSession(r); {
	case IsStopped(r):
		return StoppedEarly + "." + noFault + " " + letItFinish
	case !r.Complete:
		return "The test ended before everything required was measured." + noFault + " " + letItFinish
	case r.Voice.Mode == facts.ModeResponder || r.Voice.Mode == facts.ModeRelay || r.Region.Responder != "":
		return strings.TrimSpace("No failure was found, but something required is not known. " + first(findings, Unknown))
	case gap.Code == facts.CodeNoResponder || gap.Reason == "":
		return "Call quality was not measured: this region has no responder." + noFault +
			" If you were given a test invite, give it with --responder. To make one, run netready-responder on a host in the region."
	case gap.Code == facts.CodeBusy, gap.Code == facts.CodeRefused: // the reason says what to do
		return "Call quality was not measured: " + ended(gap.Reason) + noFault
	case gap.Code == facts.CodeNoRelay:
		return "Call quality was not measured: the TURN server could not be used: " + ended(gap.Reason) + noFault + " Check its address and ports, then run this again."
	default:
		return "Call quality was not measured: the responder could not be used: " + ended(gap.Reason) + noFault +
			" Check that it runs, that its invite is the latest one, and that this network lets HTTPS through to it; then run this again."
	}
}

// leading is the first finding, where that says where the fault lies; nil where it
// does not.
func leading(findings []Finding) *Finding {
	if len(findings) > 0 && findings[0].What == WhatCause && findings[0].Explains != nil {
		return &findings[0]
	}
	return nil
}

// Bounds says why a ready verdict is not the whole answer: the call never left
// this computer, or parts of the assessment were left out. It is "" where it is the
// whole answer.
func Bounds(r facts.Result) string {
	self := ""
	if IsSelfTest(r) {
		self = SelfTest + " "
	}
	for _, part := range []string{facts.PartVoice, facts.PartFirewall} {
		if len(r.Parts) > 0 && !slices.Contains(r.Parts, part) {
			return self + "What was tested is good, and only this was tested: " + strings.Join(r.Parts, ", ") + ". For the whole answer run it without --only."
		}
	}
	if self != "" {
		return self + "This computer itself is ready: every figure and port was within its limit. To test your network, give a test invite with --responder."
	}
	return ""
}

// noSession is the gap that says why there was no session with a responder;
// its reason is "" where nothing does.
func noSession(r facts.Result) facts.NotMeasured {
	for _, what := range []string{"voice.up", "voice", "firewall", "firewall.responder", "ping", "bandwidth"} {
		for _, n := range r.NotMeasured {
			if n.What == what && n.Reason != "" && n.Code != facts.CodeNotAsked {
				return n
			}
		}
	}
	return facts.NotMeasured{}
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
