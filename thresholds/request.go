package thresholds

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"netready/probe/facts"
)

// request is what to ask for so that a row passes: the rule alone, to be passed on
// to the network team, and the sentence that says whom to ask.
func request(row facts.PortRow) (rule, advice string) {
	host := hostOf(row)
	protocol, _ := facts.FindProtocol(row.Protocol)
	outbound := fmt.Sprintf("outbound %s %s", protocol.Transport, portsOf(row))
	open := outbound + " from this machine to " + host + ", and the answers back in"
	rule = ruleOf(row, asked{connection: outbound + " to " + host, host: host, name: "the name " + host, open: open + failedOf(row)})
	if row.By == facts.ByThisMachine {
		return rule, fmt.Sprintf("Allow %s to %s in %s, or have it allowed by whoever manages this computer.", outbound, host, ownFirewall)
	}
	switch row.Reason {
	case facts.ReasonDNS:
		return rule, "Ask the network team to let this machine's DNS resolve " + host + "."
	case facts.ReasonIntercepted:
		return rule, "Ask the network team to exempt " + host + " from TLS inspection and transparent proxies."
	case facts.ReasonHijacked:
		return rule, fmt.Sprintf("Ask the network team who answers there in place of that host, and to let %s to %s pass untouched.", outbound, host)
	case facts.ReasonTLS, facts.ReasonResetAfter:
		return rule, fmt.Sprintf("Ask the network team to let %s from this machine to %s pass without inspection.", outbound, host)
	case facts.ReasonProtocol:
		return rule, "Ask whoever runs " + host + "."
	}
	return rule, "Ask the network team to allow " + open + "."
}

const ownFirewall = "this computer's own firewall or security software"

// asked is what a rule speaks of: one connection, or many.
type asked struct{ connection, host, name, open string }

// ruleOf is the rule to ask for by the reason of a row; "" where no rule helps.
func ruleOf(row facts.PortRow, of asked) string {
	if row.By == facts.ByThisMachine {
		return of.connection + ", allowed in " + ownFirewall
	}
	switch row.Reason {
	case facts.ReasonDNS:
		return of.name + ", to be resolved by this network's DNS"
	case facts.ReasonIntercepted:
		return "no TLS inspection and no transparent proxy for " + of.host
	case facts.ReasonHijacked:
		return of.connection + ", passed on untouched"
	case facts.ReasonTLS, facts.ReasonResetAfter:
		return of.connection + ", without inspection"
	case facts.ReasonProtocol:
		return ""
	}
	return of.open
}

// hostResolver is how sentences call the DNS resolver that the machine is set up with.
const hostResolver = "the DNS resolver"

// hostOf names the host of a row in a sentence.
func hostOf(row facts.PortRow) string {
	switch row.Host {
	case facts.HostResolver:
		return hostResolver
	case facts.LeftOut:
		return "a host of this network, whose address was left out"
	}
	return cmp.Or(row.Host, "the responder")
}

// RuleOfAll is what to ask for so that all rows with one reason pass. The report
// lists the rows below it, with their hosts and ports.
func RuleOfAll(rows []facts.PortRow) string {
	const all = "all the connections below"
	return ruleOf(rows[0], asked{connection: all, host: all, name: "all the names below", open: all + ", outbound, and the answers back in"})
}

// failedOf names the ports of a range that failed, where some passed.
func failedOf(row facts.PortRow) string {
	const enough = 6
	n := len(row.FailedPorts)
	if n == 0 || n >= len(row.Tested) {
		return ""
	}
	var ports []string
	for _, port := range row.FailedPorts[:min(n, enough)] {
		ports = append(ports, strconv.Itoa(port))
	}
	if n > enough {
		ports = append(ports, "…")
	}
	return fmt.Sprintf(" (%d of %d tried ports failed: %s)", n, len(row.Tested), strings.Join(ports, ", "))
}

func portsOf(row facts.PortRow) string {
	switch {
	case row.Ports != "":
		return row.Ports
	case row.Port != 0:
		return strconv.Itoa(row.Port)
	}
	return "(the port of the responder)"
}
