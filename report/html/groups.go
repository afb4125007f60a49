package html

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"netready/probe/facts"
	"netready/report"
	"netready/thresholds"
)

// portGroup is the rows of the firewall column that mean the same to the reader: what is
// blocked is visible, what passed or has no effect is folded.
type portGroup struct {
	badge
	Title  string
	Folded bool
	Items  []portItem
}

// portItem is one row, or several with the same text.
type portItem struct {
	badge
	Ports    []portLine // visible
	More     []portLine // folded
	Why, Ask string
}

// fewPorts is up to how many rows of one reason are separate items, openPorts how many rows
// of a longer list are visible.
const (
	fewPorts  = 2
	openPorts = 6
)

// portGroups sorts the rows: required and failed, required and not measured,
// optional, passed. "" as a title leaves a group out.
func portGroups(rows []facts.PortRow) []portGroup {
	passed, unsure := 0, 0
	for _, p := range rows {
		switch {
		case p.Status == facts.StatusPass:
			passed++
		case p.Status == facts.StatusNotMeasured && !p.Required:
			unsure++
		}
	}
	groups := []portGroup{
		{badge: badges[thresholds.Fail], Title: thresholds.Blocked(rows)},
		{badge: badges[thresholds.Unknown], Title: thresholds.Unmeasured(rows)},
		{badge: badges[thresholds.Warn], Title: thresholds.OptionalFailed(rows), Folded: true},
		{badge: badges[thresholds.Warn], Title: numbered(unsure, "optional check was not measured (no effect on the result)", "optional checks were not measured (no effect on the result)"), Folded: true},
		{badge: badges[thresholds.Pass], Title: passedText(passed, len(rows)), Folded: true},
	}
	for _, p := range rows {
		g := &groups[groupOf(p)]
		g.Items = append(g.Items, newPortItem(p))
	}
	for i := range groups {
		groups[i].Items = together(groups[i].Items, groups[i].Folded)
	}
	return slices.DeleteFunc(groups, func(g portGroup) bool { return len(g.Items) == 0 })
}

// groupOf is the index of a row's group in portGroups.
func groupOf(p facts.PortRow) int {
	switch thresholds.RowLevel(p) {
	case thresholds.Fail:
		return 0
	case thresholds.Unknown:
		return 1
	case thresholds.Warn:
		if p.Status == facts.StatusFail {
			return 2
		}
		return 3
	case thresholds.Pass:
	}
	return 4
}

func passedText(passed, all int) string {
	switch passed {
	case 0:
		return ""
	case all:
		return "All " + numbered(all, "connection is open", "connections are open")
	}
	return fmt.Sprintf("%d of %d passed", passed, all)
}

func numbered(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func newPortItem(p facts.PortRow) portItem {
	row := newPortRow(p)
	return portItem{badge: row.badge, Ports: []portLine{row}, Why: row.Why, Ask: row.Ask}
}

// reason is what rows have in common that are one item.
func (it portItem) reason() string {
	row := it.Ports[0].PortRow
	return strings.Join([]string{row.Reason, row.By, it.Why}, "\n")
}

// together makes one item of the rows that give the same reason: the list of
// what to ask for is then one list. In the open it is a short one.
func together(items []portItem, folded bool) []portItem {
	alike := map[string]int{}
	for _, it := range items {
		alike[it.reason()]++
	}
	at := map[string]int{}
	var out []portItem
	for _, it := range items {
		if i, found := at[it.reason()]; found {
			out[i].Ports = append(out[i].Ports, it.Ports...)
			continue
		}
		if alike[it.reason()] > fewPorts {
			at[it.reason()] = len(out)
		}
		out = append(out, it)
	}
	for i := range out {
		out[i].Ask = askFor(out[i])
		if p := out[i].Ports; !folded && len(p) > openPorts+1 {
			out[i].Ports, out[i].More = p[:openPorts], p[openPorts:]
		}
	}
	return out
}

// askFor is the rule for one row, or one rule for a list of rows, which is shown below it.
func askFor(it portItem) string {
	if len(it.Ports) < 2 || it.Ask == "" {
		return it.Ask
	}
	rows := make([]facts.PortRow, 0, len(it.Ports))
	for _, p := range it.Ports {
		rows = append(rows, p.PortRow)
	}
	return thresholds.RuleOfAll(rows)
}

// ask is a group of findings with the same remedy.
type ask struct {
	badge
	Texts  []string // the first is visible
	More   []string
	Advice string
	cause  bool // it says where the fault lies
}

// asks are the findings that ask for something, one item for each cause: those
// with the same advice are one. What the firewall column says row by row is
// counted here and not said again.
func asks(r report.Report) []ask {
	var out []ask
	at := map[string]int{}
	why := commonGap(r)
	for _, f := range r.Findings {
		key := string(f.Level) + f.Advice
		switch {
		case f.Level == thresholds.Pass, isPort(f) && f.Level == thresholds.Warn:
			continue
		case isPort(f) && f.Level == thresholds.Fail && len(r.Firewall) > 0:
			key = "blocked"
		case f.Level == thresholds.Unknown && why != "":
			key = "unknown"
		case f.Advice == "":
			key += f.Text // what has no advice is not the same for it
		}
		i, known := at[key]
		if !known {
			i = len(out)
			at[key] = i
			out = append(out, ask{badge: badges[f.Level], Advice: f.Advice, cause: f.What == thresholds.WhatCause})
			if key == "blocked" {
				out[i].Texts = []string{thresholds.Blocked(r.Firewall) + "."}
				out[i].Advice = "Ask the network team for the rules in the Firewall column above."
			}
		}
		if key != "blocked" {
			out[i].Texts = append(out[i].Texts, f.Text)
		}
	}
	if i, known := at["unknown"]; known {
		out[i].Texts, out[i].More = []string{why}, out[i].Texts
	}
	for i := range out {
		if t := out[i].Texts; len(t) > fewPorts {
			out[i].Texts, out[i].More = t[:1], t[1:]
		}
	}
	slices.SortStableFunc(out, func(a, b ask) int { return cmp.Compare(a.weight(), b.weight()) })
	return out
}

// commonGap is the one reason for which all that is required and was not
// measured is missing, as far as its code tells; "" where none is known.
func commonGap(r report.Report) string {
	for _, n := range r.NotMeasured {
		if n.Code != "" && n.Code != facts.CodeNotAsked {
			return sentences(n.Reason)
		}
	}
	return ""
}

// weight puts the cause first, then the gravest.
func (a ask) weight() int {
	if a.cause {
		return 0
	}
	return 1 + slices.Index([]string{"fail", "unknown", "warn"}, a.Tone)
}

func isPort(f thresholds.Finding) bool { return f.What == "port" }
