package thresholds

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"netready/probe/facts"
)

// Judge compares a result with the limits. It is arithmetic. Every limit whose
// part was asked for gets a finding; failures come first, in the order in which
// they should be corrected.
func (l Limits) Judge(r facts.Result) []Finding {
	j := judge{limits: l, result: r, findings: []Finding{}}
	if j.asked(facts.PartFirewall) {
		j.ports()
	}
	if j.asked(facts.PartVoice) {
		j.voice()
	}
	if !j.asked(facts.PartVoice) && !j.asked(facts.PartFirewall) {
		j.otherParts()
	}
	if !r.Complete {
		j.add(Finding{
			Level: Unknown, What: WhatIncomplete, Text: "The test ended early: " + j.why("run", "voice.complete", "voice"),
			Advice: letItFinish,
		})
	}
	j.underLoad()
	j.machine()
	j.surroundings()
	j.cause()
	slices.SortStableFunc(j.findings, func(a, b Finding) int { return cmp.Compare(urgency(a), urgency(b)) })
	return j.findings
}

// urgency sorts findings: failures first, and among them the ports and the cause,
// which explain the figures.
func urgency(f Finding) int {
	order := map[Level]int{Fail: 10, Unknown: 20, Warn: 30, Pass: 40}[f.Level]
	switch {
	case f.What == WhatConnectivity:
		return 0 // it explains everything else
	case f.first:
		return 1
	case f.What == WhatPort && f.Level == Warn:
		order++ // it has no effect on the verdict: other warnings come first
	case f.What == WhatPort, f.What == WhatIncomplete, f.What == WhatCause:
		order--
	}
	return order
}

// VerdictOf sums the findings up: a failure always wins, and without one
// anything that is required but unknown makes the verdict undetermined.
func VerdictOf(r facts.Result, findings []Finding) Verdict {
	verdict := Ready
	required := len(r.Parts) == 0 || slices.Contains(r.Parts, facts.PartVoice) || slices.Contains(r.Parts, facts.PartFirewall)
	if !r.Complete || required && len(findings) == 0 {
		verdict = Undetermined // nothing was judged
	}
	for _, f := range findings {
		switch f.Level {
		case Fail:
			return NotReady
		case Unknown:
			verdict = Undetermined
		case Pass, Warn:
		}
	}
	return verdict
}

type judge struct {
	limits   Limits
	result   facts.Result
	findings []Finding
	// together are the seconds of the reported call while another one is judged: what
	// they tell of all calls.
	together []facts.Second
}

// add takes a finding; reasons of several lines become one.
func (j *judge) add(f Finding) {
	f.Text = strings.Join(strings.Fields(f.Text), " ")
	f.Advice = strings.Join(strings.Fields(f.Advice), " ")
	j.findings = append(j.findings, f)
}

// asked says whether a part was asked for; no parts at all means all.
func (j *judge) asked(part string) bool {
	return len(j.result.Parts) == 0 || slices.Contains(j.result.Parts, part)
}

// otherParts judges a run of only those parts that have no limits: each part
// that was asked for is required.
func (j *judge) otherParts() {
	r := j.result
	// A ping of the gateway alone does not answer what was asked for.
	pinged := r.Region.Responder != "" && slices.ContainsFunc(r.Ping, func(p facts.Ping) bool { return p.Samples > 0 })
	noPing := j.why("ping")
	for _, p := range r.Ping {
		if p.Role == facts.RoleResponder && p.Samples == 0 {
			noPing = p.Reason
		}
	}
	for _, part := range []struct {
		name     string
		measured bool
		reason   string
	}{
		{facts.PartNAT, r.NAT.Mapping != "", cmp.Or(r.NAT.Reason, j.why("nat"))},
		{facts.PartPing, pinged, noPing},
		{facts.PartBandwidth, r.Bandwidth.UpMbps != nil && r.Bandwidth.DownMbps != nil, cmp.Or(r.Bandwidth.Reason, j.why("bandwidth"))},
	} {
		if j.asked(part.name) && !part.measured {
			j.add(Finding{
				Level: Unknown, What: part.name, Text: upperFirst(part.name) + " was asked for and not measured: " + part.reason,
				Advice: "Give the invite of a responder that can be reached with --responder.",
			})
		}
	}
}

// why finds the reason that something was not measured.
func (j *judge) why(whats ...string) string { return why(j.result, whats...) }

func why(r facts.Result, whats ...string) string {
	reason, _ := whyAndCode(r, whats...)
	return reason
}

// whyAndCode is why with its code, "" where it has none.
func (j *judge) whyAndCode(whats ...string) (reason, code string) {
	return whyAndCode(j.result, whats...)
}

func whyAndCode(r facts.Result, whats ...string) (reason, code string) {
	for _, what := range whats {
		for _, n := range r.NotMeasured {
			if n.What == what && n.Reason != "" {
				return n.Reason, n.Code
			}
		}
	}
	return "the reason is not known", ""
}

// voice judges the figures of the call, those first that explain the others.
func (j *judge) voice() {
	v := j.result.Voice
	ranked := Measures()
	slices.SortFunc(ranked, func(a, b Measure) int { return cmp.Compare(a.rank, b.rank) })
	for _, m := range ranked {
		for _, way := range m.Ways() {
			f := j.measure(m, way)
			if f.What == m.What(ThereAndBack) && way == Down {
				continue // one finding for both ways
			}
			j.add(f)
		}
	}
	for _, way := range []Way{Up, Down} {
		if d := direction(v, way); d != nil {
			j.warnings(way, d)
		}
	}
	j.congestion()
	j.everyCall()
}

func digits(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
