package thresholds

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"netready/probe"
)

// Judge compares a result with the limits. It is arithmetic. Every limit whose
// part was asked for gets a finding; failures come first, what to do first
// foremost.
func (l Limits) Judge(r probe.Result) []Finding {
	j := judge{limits: l, result: r, findings: []Finding{}}
	if j.asked(probe.PartFirewall) {
		j.ports()
	}
	if j.asked(probe.PartVoice) {
		j.voice()
	}
	if !j.asked(probe.PartVoice) && !j.asked(probe.PartFirewall) {
		j.otherParts()
	}
	if !r.Complete {
		j.add(Finding{
			Level: Unknown, What: "incomplete", Text: "The run did not come to its end: " + j.why("run", "voice.complete", "voice"),
			Advice: "Run it again and let it finish.",
		})
	}
	j.circumstances()
	j.surroundings()
	j.cause()
	slices.SortStableFunc(j.findings, func(a, b Finding) int { return cmp.Compare(gravity(a), gravity(b)) })
	return j.findings
}

// gravity sorts findings: failures first, the path to the responder foremost,
// since its failure explains the figures.
func gravity(f Finding) int {
	order := map[Level]int{Fail: 10, Unknown: 20, Warn: 30, Pass: 40}[f.Level]
	switch {
	case f.What == "port" && f.Level == Warn:
		order++ // it does not count, whatever else is worth knowing
	case f.What == "port", f.What == "incomplete", f.What == "cause":
		order--
	}
	return order
}

// VerdictOf sums the findings up: a failure always wins, and what is required
// but unknown leaves the question open.
func VerdictOf(r probe.Result, findings []Finding) Verdict {
	verdict := Ready
	required := len(r.Parts) == 0 || slices.Contains(r.Parts, probe.PartVoice) || slices.Contains(r.Parts, probe.PartFirewall)
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
	result   probe.Result
	findings []Finding
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

// otherParts judges a run of nothing but parts that have no limits: what alone
// was asked for is required.
func (j *judge) otherParts() {
	r := j.result
	pinged := slices.ContainsFunc(r.Ping, func(p probe.Ping) bool { return p.Samples > 0 })
	for _, part := range []struct {
		name     string
		measured bool
		reason   string
	}{
		{probe.PartNAT, r.NAT.Mapping != "", cmp.Or(r.NAT.Reason, j.why("nat"))},
		{probe.PartPing, pinged, j.why("ping")},
		{probe.PartBandwidth, r.Bandwidth.UpMbps != nil && r.Bandwidth.DownMbps != nil, cmp.Or(r.Bandwidth.Reason, j.why("bandwidth"))},
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
func (j *judge) why(whats ...string) string {
	for _, what := range whats {
		for _, n := range j.result.NotMeasured {
			if n.What == what && n.Reason != "" {
				return n.Reason
			}
		}
	}
	return "the reason is not known"
}

// measure is one judged figure.
type measure struct {
	what, name, unit string
	limit            Limit
	get              func(*probe.Direction) *float64
	advice           string
}

func (j *judge) measures() []measure {
	l := j.limits
	return []measure{
		{"loss", "packet loss", "%", l.LossPercent, func(d *probe.Direction) *float64 { return d.LossPercent }, "Look for an overloaded link, bad Wi-Fi or a firewall that drops UDP; mark voice DSCP 46 and give it priority."},
		{"discard", "packet discards", "%", l.DiscardPercent, func(d *probe.Direction) *float64 { return d.DiscardPercent }, "Packets come too late for a phone to play: look for full queues (uploads, backups) and give voice priority."},
		{"jitter", "jitter", "ms", l.JitterMS, func(d *probe.Direction) *float64 { return d.JitterMS }, "Use a cable in place of Wi-Fi and give voice priority over other traffic."},
		{"order", "packet order", "%", l.InOrderPercent, func(d *probe.Direction) *float64 { return d.InOrderPercent }, "Ask the network team about load balancing per packet over unequal paths."},
		{"mos", "MOS", "", l.MOS, func(d *probe.Direction) *float64 { return d.MOS }, "It follows from delay, loss and discards: mend what failed above."},
	}
}

func (j *judge) voice() {
	v := j.result.Voice
	for _, m := range j.measures() {
		for _, side := range []struct {
			way string
			d   *probe.Direction
		}{{"up", v.Up}, {"down", v.Down}} {
			var got *float64
			reason := j.why("voice."+side.way, "voice")
			if side.d != nil {
				got = m.get(side.d)
				reason = unknownFigure(m.what, side.d)
			}
			j.add(m.limit.judge(m.what+"_"+side.way, strings.TrimSpace(m.name+" "+side.way), m.unit, got, reason, m.advice))
		}
	}
	var avg *float64
	if v.RTT != nil {
		avg = v.RTT.AvgMS
	}
	j.add(j.limits.RTTAvgMS.judge("rtt", "average round trip", "ms", avg, j.why("voice.rtt", "voice"),
		"Check that traffic takes the direct way: a VPN or a proxy far away adds distance; choose the nearest region."))
	for _, side := range []struct {
		way string
		d   *probe.Direction
	}{{"up", v.Up}, {"down", v.Down}} {
		if side.d != nil {
			j.warnings(side.way, side.d)
		}
	}
	j.everyCall()
}

// unknownFigure says why a direction that was sent lacks a figure.
func unknownFigure(what string, d *probe.Direction) string {
	switch {
	case d.Sent == 0:
		return "nothing was sent"
	case d.Received == 0:
		return "nothing arrived"
	case what == "jitter":
		return fmt.Sprintf("only %d packets arrived, too few to tell", d.Received)
	}
	return "the reason is not known"
}

// judge compares one figure with its limit.
func (l Limit) judge(what, name, unit string, got *float64, reason, advice string) Finding {
	f := Finding{What: what, Got: got, Limit: l.bound()}
	if f.Limit == nil {
		f.Level, f.Text = Unknown, upperFirst(name)+" cannot be judged: it has no limit"
		f.Advice = "Give one in the file of --thresholds."
		return f
	}
	if got == nil || math.IsNaN(*got) || math.IsInf(*got, 0) {
		f.Level, f.Got = Unknown, nil
		f.Text = fmt.Sprintf("%s was not measured: %s", upperFirst(name), reason)
		f.Advice = "Without it the network cannot be called ready."
		return f
	}
	figure := strings.TrimSpace(digits(*got) + " " + unit)
	if l.Keeps(*got) {
		f.Level = Pass
		f.Text = fmt.Sprintf("%s is %s (expected %s)", upperFirst(name), figure, l.words(unit))
		return f
	}
	f.Level, f.Advice = Fail, advice
	f.Text = fmt.Sprintf("%s is %s, expected %s", upperFirst(name), figure, l.words(unit))
	return f
}

// Keeps says whether a figure keeps the limit.
func (l Limit) Keeps(got float64) bool {
	return (l.Below == nil || got < *l.Below) && (l.AtLeast == nil || got >= *l.AtLeast)
}

func (l Limit) bound() *float64 {
	if l.Below != nil {
		return l.Below
	}
	return l.AtLeast
}

func (l Limit) words(unit string) string {
	switch {
	case l.Below != nil:
		return strings.TrimSpace("below " + digits(*l.Below) + " " + unit)
	case l.AtLeast != nil:
		return strings.TrimSpace("at least " + digits(*l.AtLeast) + " " + unit)
	}
	return "anything"
}

func digits(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// mostShifts is how many shifts of a path are told one by one.
const mostShifts = 3

// warnings are what no limit forbids and yet is worth saying.
func (j *judge) warnings(way string, d *probe.Direction) {
	if bound := j.limits.JitterMS.Below; bound != nil && d.JitterMS != nil && d.JitterMaxMS != nil && *d.JitterMS < *bound && *d.JitterMaxMS >= *bound {
		j.add(Finding{
			Level: Warn, What: "jitter_max_" + way, Got: d.JitterMaxMS, Limit: bound,
			Text:   fmt.Sprintf("Jitter %s passes on average, but rose to %s ms", way, digits(*d.JitterMaxMS)),
			Advice: "Run it at the busiest hour, and longer: short bursts of other traffic disturb calls.",
		})
	}
	if d.SocketDropped > 0 {
		j.add(Finding{
			Level: Warn, What: "socket_dropped_" + way, Got: new(float64(d.SocketDropped)),
			Text:   fmt.Sprintf("The receiver of the way %s dropped %d packets itself, for want of room: that loss is not the network's", way, d.SocketDropped),
			Advice: "The receiving machine was too busy: run it again with fewer --calls.",
		})
	}
	for i, s := range d.Shifts {
		if i == mostShifts {
			j.add(Finding{Level: Warn, What: "shift_" + way, Text: fmt.Sprintf("The path %s changed its delay %d times more", way, len(d.Shifts)-i)})
			break
		}
		longer := "longer"
		if s.ByMS < 0 {
			longer = "shorter"
		}
		j.add(Finding{
			Level: Warn, What: "shift_" + way, Got: &s.ByMS,
			Text:   fmt.Sprintf("%s s into the call the path %s became %s ms %s and stayed so", digits(s.AtS), way, digits(math.Abs(s.ByMS)), longer),
			Advice: "Ask the provider about a change of route.",
		})
	}
	switch {
	case d.DSCPAsked == nil || d.DSCPReceived == nil || *d.DSCPAsked == *d.DSCPReceived:
	case d.DSCPNotSet != "":
		// What was never set, no router cleared. Only the user's own side has advice.
		if way == "up" {
			j.add(Finding{
				Level: Warn, What: "dscp_" + way, Got: new(float64(*d.DSCPReceived)), Limit: new(float64(*d.DSCPAsked)),
				Text:   fmt.Sprintf("Packets %s left without the mark DSCP %d that was asked for: %s", way, *d.DSCPAsked, d.DSCPNotSet),
				Advice: "Without its mark voice has no priority. On Windows a Group Policy QoS rule sets it.",
			})
		}
	default:
		got := float64(*d.DSCPReceived)
		j.add(Finding{
			Level: Warn, What: "dscp_" + way, Got: &got, Limit: new(float64(*d.DSCPAsked)),
			Text:   fmt.Sprintf("Packets %s were marked DSCP %d and arrived with %d", way, *d.DSCPAsked, *d.DSCPReceived),
			Advice: "Without its mark voice has no priority. On Windows a QoS policy must set it; routers must keep it.",
		})
	}
}
