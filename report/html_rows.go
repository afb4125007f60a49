package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"netready/probe"
	"netready/thresholds"
)

// measureRow is one line of the VOIP column.
type measureRow struct {
	badge
	Name, Why, Expected string
	Unit                string
	Up, Down            figure
	Single              bool // one figure for both ways, in Up
}

// figure is one number with its unit: with all its digits for the TXT, and
// short for people, and how it is shown.
type figure struct{ Text, Class, Short string }

// Unbroken is Expected with its number and unit on one line.
func (m measureRow) Unbroken() string {
	if at := strings.LastIndexByte(m.Expected, ' '); at > 0 && m.Unit != "" {
		return m.Expected[:at] + "\u00a0" + m.Expected[at+1:]
	}
	return m.Expected
}

func (m measureRow) failing() string {
	name := strings.ToLower(m.Name[:1]) + m.Name[1:]
	if m.Name == "MOS" {
		name = m.Name
	}
	up, down := m.Up.Class == "bad", m.Down.Class == "bad"
	switch {
	case m.Single || up == down:
		return name
	case up:
		return name + " up"
	}
	return name + " down"
}

// htmlMeasure says how one line of the VOIP column is read out of a report.
type htmlMeasure struct {
	name, unit, why string
	whats           [2]string // the findings of up and down
	limit           func(thresholds.Limits) thresholds.Limit
	get             func(probe.Direction) *float64
}

var htmlMeasures = []htmlMeasure{
	{
		"Jitter", "ms", "How unevenly packets arrive, averaged over the call. The phone's buffer evens out a little; much of it makes speech choppy.",
		[2]string{"jitter_up", "jitter_down"},
		func(l thresholds.Limits) thresholds.Limit { return l.JitterMS },
		func(d probe.Direction) *float64 { return d.JitterMS },
	},
	{
		"Packet loss", "%", "Packets that never arrived. Each one is a gap of speech; one in a hundred is where listeners begin to notice.",
		[2]string{"loss_up", "loss_down"},
		func(l thresholds.Limits) thresholds.Limit { return l.LossPercent },
		func(d probe.Direction) *float64 { return d.LossPercent },
	},
	{
		"Packet discards", "%", "Packets that arrived, but too late for the phone's jitter buffer to play them. To the listener they are lost as well.",
		[2]string{"discard_up", "discard_down"},
		func(l thresholds.Limits) thresholds.Limit { return l.DiscardPercent },
		func(d probe.Direction) *float64 { return d.DiscardPercent },
	},
	{
		"Packet order", "%", "The share of packets that arrived in the order in which they were sent. Overtaking points at load balancing over unequal paths.",
		[2]string{"order_up", "order_down"},
		func(l thresholds.Limits) thresholds.Limit { return l.InOrderPercent },
		func(d probe.Direction) *float64 { return d.InOrderPercent },
	},
	{
		"Round trip", "ms", "The time a packet takes to the region and back, on average. Beyond the limit people begin to talk over each other.",
		[2]string{"rtt", "rtt"},
		func(l thresholds.Limits) thresholds.Limit { return l.RTTAvgMS },
		nil,
	},
	{
		"MOS", "", "What a listener would give the call from 1 (bad) to about 4.4 (the best that this codec can reach), calculated by ITU-T G.107 from delay, loss and discards.",
		[2]string{"mos_up", "mos_down"},
		func(l thresholds.Limits) thresholds.Limit { return l.MOS },
		func(d probe.Direction) *float64 { return d.MOS },
	},
}

func measureRows(r Report) []measureRow {
	rows := make([]measureRow, 0, len(htmlMeasures))
	for _, m := range htmlMeasures {
		row := measureRow{Name: m.name, Unit: m.unit, Why: m.why, Expected: expectation(m.limit(r.Limits), m.unit)}
		levels := make([]thresholds.Level, 0, 2)
		if m.get == nil {
			row.Single = true
			var avg *float64
			if r.Voice.RTT != nil {
				avg = r.Voice.RTT.AvgMS
			}
			level := levelOf(r, m.whats[0], avg, m.limit(r.Limits))
			row.Up, levels = newFigure(avg, m.unit, level, m.limit(r.Limits)), append(levels, level)
		} else {
			for i, side := range []*probe.Direction{r.Voice.Up, r.Voice.Down} {
				var got *float64
				if side != nil {
					got = m.get(*side)
				}
				level := levelOf(r, m.whats[i], got, m.limit(r.Limits))
				levels = append(levels, level)
				if i == 0 {
					row.Up = newFigure(got, m.unit, level, m.limit(r.Limits))
				} else {
					row.Down = newFigure(got, m.unit, level, m.limit(r.Limits))
				}
			}
		}
		row.badge = badges[worst(levels)]
		rows = append(rows, row)
	}
	return rows
}

// levelOf is what the judgement said of a measure. Of several findings the
// gravest counts; a measure without a finding is told by its limit.
func levelOf(r Report, what string, got *float64, limit thresholds.Limit) thresholds.Level {
	var found []thresholds.Level
	for _, f := range r.Findings {
		if f.What == what {
			found = append(found, f.Level)
		}
	}
	switch {
	case len(found) > 0:
		return worst(found)
	case got == nil:
		return thresholds.Unknown
	case limit.Below != nil && *got >= *limit.Below, limit.AtLeast != nil && *got < *limit.AtLeast:
		return thresholds.Fail
	}
	return thresholds.Pass
}

func worst(levels []thresholds.Level) thresholds.Level {
	order := []thresholds.Level{thresholds.Pass, thresholds.Warn, thresholds.Unknown, thresholds.Fail}
	return slices.MaxFunc(levels, func(a, b thresholds.Level) int {
		return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
	})
}

func newFigure(got *float64, unit string, level thresholds.Level, limit thresholds.Limit) figure {
	class := map[thresholds.Level]string{thresholds.Fail: "bad", thresholds.Warn: "eyebrow"}[level]
	if got == nil {
		return figure{notMeasured, "muted", notMeasured}
	}
	return figure{strings.TrimSpace(digits(*got) + " " + unit), class, thresholds.FigureBy(*got, unit, limit)}
}

// expectation prints a limit as DESIGN's table does.
func expectation(l thresholds.Limit, unit string) string {
	switch {
	case l.Below != nil:
		return strings.TrimSpace("below " + digits(*l.Below) + " " + unit)
	case l.AtLeast != nil:
		return strings.TrimSpace("at least " + digits(*l.AtLeast) + " " + unit)
	}
	return "no limit"
}

// htmlPort is one line of the firewall column.
type htmlPort struct {
	badge
	probe.PortRow
	Target, Why, Ask string
}

func newPortRow(p probe.PortRow) htmlPort {
	row := htmlPort{PortRow: p, Target: portTarget(p)}
	switch p.Status {
	case probe.StatusPass:
		row.badge = badges[thresholds.Pass]
		row.Why = sentences(p.Note)
	case probe.StatusFail:
		row.Why = sentences(inWords(p), p.Note)
		row.badge = badges[thresholds.Fail]
		if !strings.Contains(strings.ToLower(p.Detail), "ask ") { // the check itself says what to ask for
			row.Ask = portAsk(p)
		}
		if !p.Required {
			row.badge = badge{"warn", "!", "Failed"}
			row.Ask = ""
		}
	default:
		row.badge = badges[thresholds.Unknown]
		row.Why = sentences(inWords(p), p.Note)
	}
	return row
}

// inWords is what the check says of itself; where it is silent, its reason in
// words.
func inWords(p probe.PortRow) string {
	if p.Detail != "" {
		return p.Detail
	}
	return reasonWords[p.Reason]
}

// reasonWords says a reason in words. Silence is "no answer", not "blocked":
// nobody can see from here why nothing came back.
var reasonWords = map[string]string{
	"refused":             "The connection was refused at once: a firewall rejects it, or nothing listens there",
	"no_reply":            "No answer came: something on the way drops it, or nothing listens there",
	"unreachable":         "There is no route to that address",
	"prohibited":          "A router or firewall on the way said that this is forbidden",
	"dns":                 "The name could not be looked up",
	"tls":                 "The port is open, but no secure connection came about",
	"intercepted":         "Something on the way opens the secure connection: a proxy that inspects traffic",
	"hijacked":            "Something other than the service answered",
	"reset_after_connect": "The connection opened and was cut at once, as inspecting firewalls do",
}

func portTarget(p probe.PortRow) string {
	ports := p.Ports
	if ports == "" && p.Port != 0 {
		ports = strconv.Itoa(p.Port)
	}
	target := transport(p.Protocol) + " " + ports
	if p.Host != "" {
		target += " to " + p.Host
	}
	if p.Family != "" {
		target += ", " + map[string]string{"ipv4": "IPv4", "ipv6": "IPv6"}[p.Family]
	}
	return target
}

// transport says what a firewall rule would name. A name of ours that hides
// the transport is put behind it.
func transport(protocol string) string {
	switch protocol {
	case "tcp", "udp":
		return strings.ToUpper(protocol)
	case "udp-range":
		return "UDP"
	case "tls", "https":
		return "TCP (" + strings.ToUpper(protocol) + ")"
	case "stun", "turn", "dns", "sip", "ntp":
		return "UDP (" + strings.ToUpper(protocol) + ")"
	}
	if name, ok := strings.CutSuffix(protocol, "-tcp"); ok {
		return "TCP (" + strings.ToUpper(name) + ")"
	}
	if name, ok := strings.CutSuffix(protocol, "-tls"); ok {
		return "TCP (" + strings.ToUpper(name) + " over TLS)"
	}
	return strings.ToUpper(protocol)
}

// portAsk is the rule to ask the network team for.
func portAsk(p probe.PortRow) string {
	switch p.Reason {
	case "dns":
		return "the name " + p.Host + " to be resolved by this network's DNS server"
	case "intercepted", "tls", "hijacked":
		return "no inspection of " + portTarget(p)
	}
	rule := "outbound " + portTarget(p) + " to be allowed, with its answers"
	if n := len(p.FailedPorts); n > 0 && len(p.Tested) > n {
		rule += fmt.Sprintf(" (%d of %d tried ports failed: %s)", n, len(p.Tested), someInts(p.FailedPorts))
	}
	return rule
}

func someInts(all []int) string {
	const enough = 6
	var parts []string
	for _, n := range all[:min(len(all), enough)] {
		parts = append(parts, strconv.Itoa(n))
	}
	if len(all) > enough {
		parts = append(parts, "…")
	}
	return strings.Join(parts, ", ")
}

// sentences joins what is not empty or said already, each with its full stop.
func sentences(parts ...string) string {
	var out []string
	for _, p := range parts {
		p = strings.TrimSpace(p)
		if p == "" {
			continue
		}
		if !strings.HasSuffix(p, ".") {
			p += "."
		}
		p = strings.ToUpper(p[:1]) + p[1:]
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return strings.Join(out, " ")
}
