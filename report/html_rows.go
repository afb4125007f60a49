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
	Up, Down            figure
	Single              bool // one figure for both ways, in Up
}

// figure is one number with its unit, and how it is shown.
type figure struct{ Text, Class string }

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

func measureRows(r Report) []measureRow {
	var rows []measureRow
	for _, m := range r.Limits.Figures(r.Result) {
		rows = append(rows, measureRow{
			badge: badges[m.Level], Name: m.Name, Why: m.Why, Expected: m.Limit.Words(m.Unit), Single: m.Single(),
			Up: graded(m, m.Up), Down: graded(m, m.Down),
		})
	}
	return rows
}

func newFigure(got *float64, unit string, level thresholds.Level) figure {
	class := map[thresholds.Level]string{thresholds.Fail: "bad", thresholds.Warn: "eyebrow"}[level]
	if got == nil {
		return figure{"not measured", "muted"}
	}
	return figure{strings.TrimSpace(digits(*got) + " " + unit), class}
}

// graded is a figure with the sign of a bound, where it is one.
func graded(m thresholds.Judged, g thresholds.Graded) figure {
	f := newFigure(g.Got, m.Unit, g.Level)
	f.Text = sign(m, g) + f.Text
	return f
}

// htmlPort is one line of the firewall column.
type htmlPort struct {
	badge
	probe.PortRow
	Target, Why, Ask string
	Quiet            bool // passed: on paper its name is enough
	weight           int  // what needs hands comes first
}

func portRows(rows []probe.PortRow) []htmlPort {
	out := make([]htmlPort, 0, len(rows))
	for _, p := range rows {
		out = append(out, newPortRow(p))
	}
	slices.SortStableFunc(out, func(a, b htmlPort) int { return cmp.Compare(a.weight, b.weight) })
	return out
}

// statusWords are what the mark of a row says. The mark itself is the level's.
var statusWords = map[string]string{probe.StatusPass: "Pass", probe.StatusFail: "Failed", probe.StatusNotMeasured: "Not measured"}

func newPortRow(p probe.PortRow) htmlPort {
	verdict := thresholds.Row(p)
	row := htmlPort{PortRow: p, Target: portTarget(p), badge: badges[verdict.Level], Why: sentences(inWords(p), p.Note)}
	switch verdict.Level {
	case thresholds.Pass:
		row.weight, row.Quiet = 3, true
		row.Why = sentences(p.Note)
	case thresholds.Fail:
		row.Ask = verdict.Rule
	case thresholds.Warn:
		row.weight, row.Word = 1, statusWords[p.Status]
		if p.Status == probe.StatusFail {
			row.Why = sentences("May fail: it does not count against the verdict", inWords(p), p.Note)
		}
	case thresholds.Unknown:
		row.weight = 2
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

func portsLine(rows []probe.PortRow) string {
	if len(rows) == 0 {
		return "No port was tested."
	}
	open, closed, optional, unknown := 0, 0, 0, 0
	for _, p := range rows {
		switch {
		case p.Status == probe.StatusPass:
			open++
		case p.Status == probe.StatusFail && p.Required:
			closed++
		case p.Status == probe.StatusFail:
			optional++
		default:
			unknown++
		}
	}
	parts := []string{fmt.Sprintf("%d of %d passed", open, len(rows))}
	for _, c := range []struct {
		n    int
		word string
	}{{closed, "failed"}, {optional, "failed that may fail"}, {unknown, "not measured"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.word))
		}
	}
	return strings.Join(parts, ", ") + "."
}
