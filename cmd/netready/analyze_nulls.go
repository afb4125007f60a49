package main

import (
	"netready/probe/capture"
	"netready/probe/facts"
	"netready/probe/stream"
)

// Codes of what a capture cannot tell.
const (
	codeClockUnknown = "clock_unknown"  // no usual clock fits the packets
	codeNotSpeech    = "not_speech"     // video, telephone events, comfort noise
	codeFewPackets   = "few_packets"    // too few to say
	codeNotInCapture = "not_in_capture" // only the sender knows
	codeUnclear      = "unclear"        // the packets do not tell
)

// A null is a figure that may be missing, and why if it is.
type null struct {
	what         string
	missing      bool
	code, reason string
}

// explain lists why each figure of a stream that is null is null.
func (s analyzedStream) explain(of *capture.Stream, m stream.Metrics) []facts.NotMeasured {
	timed := null{code: codeFewPackets, reason: "fewer than ten packets arrived"}
	graded := null{code: codeFewPackets, reason: "nothing was sent"}
	switch {
	case of.Class != capture.Speech:
		graded = null{code: codeNotSpeech, reason: "this is not speech"}
	case of.ClockRate == 0:
		graded = null{code: codeClockUnknown, reason: "no known clock counts its timestamps"}
	}
	if of.ClockRate == 0 {
		timed = null{code: codeClockUnknown, reason: "no known clock counts its timestamps"}
		if of.Class == capture.Events {
			timed.code, timed.reason = codeNotSpeech, "the timestamp of a telephone event does not change while it lasts"
		}
	}
	skew := timed
	if of.ClockRate > 0 {
		skew = null{code: codeUnclear, reason: m.SkewReason}
	}
	ptime := null{code: codeUnclear, reason: "the timestamps do not grow by the same step from packet to packet"}
	switch {
	case of.Class != capture.Speech:
		ptime = graded
	case of.ClockRate == 0:
		ptime = timed
	}
	d := s.Direction
	all := []facts.NotMeasured{}
	for _, n := range []null{
		timed.of("clock_rate", s.ClockRate == nil),
		ptime.of("ptime_ms", s.PtimeMS == nil),
		timed.of("discarded", s.Discarded == nil),
		timed.of("discard_percent", d.DiscardPercent == nil),
		timed.of("jitter_ms", d.JitterMS == nil),
		timed.of("jitter_max_ms", d.JitterMaxMS == nil),
		timed.of("pdv_p99_ms", d.PDVp99MS == nil),
		skew.of("clock_skew_ppm", d.ClockSkewPPM == nil),
		{"burst.worst_window_percent", d.Burst.WorstWindowPercent == nil, codeFewPackets, "fewer than 100 packets were sent"},
		{"dscp_asked", d.DSCPAsked == nil, codeNotInCapture, "a capture tells the mark that packets had where it was taken, not the one that was asked for"},
		{"dscp_set", d.DSCPSet == nil, codeNotInCapture, "a capture does not show what the sender's system did with the mark"},
		graded.of("r", d.R == nil),
		graded.of("mos", d.MOS == nil),
	} {
		if n.missing {
			all = append(all, facts.NotMeasured{What: n.what, Reason: n.reason, Code: n.code})
		}
	}
	return all
}

func (n null) of(what string, missing bool) null {
	n.what, n.missing = what, missing
	return n
}

// why is the reason that a figure is null for.
func (s analyzedStream) why(what string) string {
	for _, n := range s.NotMeasured {
		if n.What == what {
			return n.Reason
		}
	}
	return ""
}
