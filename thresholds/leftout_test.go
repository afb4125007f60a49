package thresholds

import (
	"testing"

	"netready/probe/facts"
)

// A row whose host was left out (--anonymous), or is the resolver by its role, still makes
// a sentence.
func TestHostsWithoutAnAddressMakeSentences(t *testing.T) {
	for host, want := range map[string][2]string{
		"192.0.2.53":       {"the DNS resolver 192.0.2.53", "192.0.2.53"},
		facts.HostResolver: {"the DNS resolver", "the DNS resolver"},
		facts.LeftOut:      {"the DNS resolver", "a host of this network, whose address was left out"},
		"":                 {"the DNS resolver", "the responder"},
	} {
		row := facts.PortRow{Host: host, Protocol: "dns"}
		if got := [2]string{resolverOf(row), hostOf(row)}; got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}
