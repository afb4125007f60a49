package thresholds

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"netready/probe"
)

// ports judges the firewall column.
func (j *judge) ports() {
	if len(j.result.Firewall) == 0 {
		j.add(Finding{Level: Unknown, What: "port", Text: "No port was checked: " + j.why("firewall", "run"), Advice: "Run it again."})
	}
	// The way that the call takes comes first: it explains the most.
	rows := slices.Clone(j.result.Firewall)
	slices.SortStableFunc(rows, func(a, b probe.PortRow) int { return cmp.Compare(rank(a.Protocol), rank(b.Protocol)) })
	for _, row := range rows {
		j.add(portFinding(row))
	}
}

func rank(protocol string) int {
	if i := slices.Index([]string{"udp", "udp-range"}, protocol); i >= 0 {
		return i
	}
	return 2
}

func portFinding(row probe.PortRow) Finding {
	f := Finding{What: "port", Text: row.Name + ": ", Advice: row.Detail}
	reason := strings.ReplaceAll(row.Reason, "_", " ")
	switch {
	case row.Status == probe.StatusPass:
		f.Level, f.Advice = Pass, ""
		f.Text += "open"
	case row.Status == probe.StatusFail && row.Required:
		f.Level = Fail
		f.Text += "failed (" + cmp.Or(reason, "for a reason not known") + ")"
		f.Advice = cmp.Or(row.Detail, rule(row))
	case row.Status == probe.StatusFail:
		f.Level = Warn
		f.Text += "failed (" + reason + "), which does not count against the verdict"
		if row.Note != "" {
			f.Text += ": " + row.Note
		}
	case row.Required:
		f.Level = Unknown
		f.Text += "required, but not measured: " + cmp.Or(row.Detail, reason)
		f.Advice = measurable(row.Reason)
	default:
		f.Level = Warn // nothing not measured ever passes
		f.Text += "not measured, and not required: " + cmp.Or(row.Detail, reason)
		f.Advice = ""
	}
	return f
}

// rule is what to ask for where the check itself did not say it.
func rule(row probe.PortRow) string {
	ports := row.Ports
	if ports == "" {
		ports = strconv.Itoa(row.Port)
	}
	transport := "TCP"
	if slices.Contains([]string{"stun", "turn", "dns", "sip", "ntp", "udp", "udp-range"}, row.Protocol) {
		transport = "UDP"
	}
	return fmt.Sprintf("Ask the network team to allow outbound %s %s from this machine to %s, and the answers back in.", transport, ports, cmp.Or(row.Host, "the responder"))
}

// measurable says what it takes to measure a row, by the reason that it was not.
func measurable(reason string) string {
	switch reason {
	case "stopped":
		return "Run it again and let it finish."
	case "not_served":
		return "Ask whoever runs the responder to serve this port too (--ports standard)."
	case "no_responder":
		return "Run a responder in the region (netready-responder) and give its invite with --responder."
	}
	return "Mend what it names and run it again."
}
