package report

import (
	"fmt"
	"slices"
	"strings"

	"netready/probe/facts"
)

// A gap is one reason and everything that was not measured because of it.
type gap struct {
	whats  []string
	reason string
}

// gaps are what was not measured, each reason once, in the order of the result.
func gaps(all []facts.NotMeasured) []gap {
	var out []gap
	for _, n := range all {
		at := slices.IndexFunc(out, func(g gap) bool { return g.reason == n.Reason })
		if at < 0 {
			at = len(out)
			out = append(out, gap{reason: n.Reason})
		}
		out[at].whats = append(out[at].whats, n.What)
	}
	return out
}

// missingCell is the gaps in one cell: what, what: reason; what: reason.
func missingCell(all []facts.NotMeasured) string {
	var said []string
	for _, g := range gaps(all) {
		said = append(said, some(g.whats, ", ")+": "+g.reason)
	}
	return OneLine(strings.Join(said, "; "))
}

// some joins the first names, and counts the rest.
func some(names []string, between string) string {
	const enough = 12
	if len(names) > enough {
		return strings.Join(names[:enough], between) + fmt.Sprintf(" and %d more", len(names)-enough)
	}
	return strings.Join(names, between)
}

// gapWords are the names for people of what was not measured. A name also serves for
// everything below it.
var gapWords = map[string]string{
	"run":   "The rest of the run",
	"voice": "The test call", "voice.up": "The way up", "voice.down": "The way down", "voice.rtt": "The round trip",
	"voice.loop":     "Both ways together",
	"voice.timeline": "The course of the call", "voice.complete": "The rest of the test call",
	"voice.send_lateness_ms": "How late this machine sent",
	"voice.per_call[].up":    "The way up of other calls", "voice.per_call[].down": "The way down of other calls",
	"bandwidth": "Bandwidth", "nat": "Address translation", "ping": "Ping",
	"firewall": "Firewall", "firewall.responder": "Firewall, the checks that ask the responder",
	"environment": "The surroundings (proxy, captive portal, DNS)", "environment.captive_portal": "Captive portal",
	"machine": "This machine", "machine.interface.mbps": "Link speed", "machine.interface.wifi_dbm": "Wi-Fi signal",
}

// fieldWords is the words of the longest part of a name that has some, and the rest
// unchanged.
func fieldWords(what string) string {
	for end := len(what); end > 0; end = strings.LastIndexByte(what[:end], '.') {
		if words := gapWords[what[:end]]; words != "" {
			rest := strings.NewReplacer("_", " ", ".", " ").Replace(what[end:])
			if rest == "" {
				return words
			}
			return words + "," + rest
		}
	}
	return what
}

// Missing says for people what was not measured, and why.
func Missing(all []facts.NotMeasured) []Fact {
	var out []Fact
	for _, g := range gaps(all) {
		var names []string
		for _, what := range g.whats {
			names = append(names, fieldWords(what))
		}
		out = append(out, Fact{some(names, "; "), g.reason})
	}
	return out
}
