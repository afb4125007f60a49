package html

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"netready/probe/facts"
	"netready/report"
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

// figure is one number with its unit, and how it is shown.
type figure struct {
	Class, Short string
	Between      string // of a share: what it may be in the long run; "" where that is not known
}

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

func measureRows(r report.Report) []measureRow {
	var rows []measureRow
	for _, m := range r.Limits.Figures(r.Result) {
		mark := badges[m.Level]
		mark.Word = m.Word()
		rows = append(rows, measureRow{
			badge: mark, Name: m.Name, Unit: m.Unit, Why: m.Why, Expected: m.Limit.Words(m.Unit), Single: m.Single(),
			Up: graded(m, m.Up), Down: graded(m, m.Down),
		})
	}
	return rows
}

// hasBetween says whether an interval stands below a share. Results of earlier versions have
// none.
func hasBetween(rows []measureRow) bool {
	return slices.ContainsFunc(rows, func(r measureRow) bool { return r.Up.Between+r.Down.Between != "" })
}

func newFigure(got *float64, unit string, level thresholds.Level, limit thresholds.Limit) figure {
	class := map[thresholds.Level]string{thresholds.Fail: "bad", thresholds.Warn: "eyebrow"}[level]
	if got == nil {
		return figure{Class: "muted", Short: report.NotMeasured}
	}
	return figure{Class: class, Short: thresholds.FigureBy(*got, unit, limit)}
}

// graded is a figure with the sign of a bound, where it is one.
func graded(m thresholds.Judged, g thresholds.Graded) figure {
	f := newFigure(g.Got, m.Unit, g.Level, m.Limit)
	f.Short = report.Sign(m, g) + f.Short
	f.Between = report.Between(m, g)
	return f
}

// portLine is one line of the firewall column.
type portLine struct {
	badge
	facts.PortRow
	Target, Why, Ask string
}

// statusWords are what the mark of a row says. The mark itself is the level's.
var statusWords = map[string]string{facts.StatusPass: "Pass", facts.StatusFail: "Failed", facts.StatusNotMeasured: "Not measured"}

func newPortRow(p facts.PortRow) portLine {
	verdict := thresholds.Row(p)
	row := portLine{PortRow: p, Target: portTarget(p), badge: badges[verdict.Level], Why: sentences(cmp.Or(p.Detail, thresholds.ReasonSentence(p.Reason)), p.Note)}
	switch verdict.Level {
	case thresholds.Pass:
		row.Why = sentences(p.Note)
	case thresholds.Fail:
		row.Ask = verdict.Rule
	case thresholds.Warn:
		row.Word = statusWords[p.Status]
	case thresholds.Unknown:
	}
	return row
}

func portTarget(p facts.PortRow) string {
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

// transport says what a firewall rule would name, and behind it the protocol
// where that says more.
func transport(protocol string) string {
	p, known := facts.FindProtocol(protocol)
	switch {
	case !known:
		return strings.ToUpper(protocol)
	case p.Words == "":
		return p.Transport
	}
	return p.Transport + " (" + p.Words + ")"
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
