package thresholds

import (
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
)

// ECN that is cleared is told with the hop, changes no verdict and is not told where no
// router quoted a packet.
func TestECNCleared(t *testing.T) {
	for want, at := range map[string]*int{"": nil, "the default gateway gets": new(1), "router 3 (192.0.2.3) gets": new(3), "router 2 gets": new(2)} {
		r := goodResult()
		r.Path.Hops = []facts.Hop{{TTL: 1, Address: "192.168.1.1", Role: facts.HopGateway}, {TTL: 2}, {TTL: 3, Address: "192.0.2.3"}}
		r.Path.ECNLostAt = at
		findings := Default().Judge(r)
		i := slices.IndexFunc(findings, func(f Finding) bool { return f.What == WhatECN })
		switch {
		case (i >= 0) != (at != nil):
			t.Errorf("%q: told %v", want, i >= 0)
		case i >= 0 && (findings[i].Level != Warn || !strings.Contains(findings[i].Text, want)):
			t.Errorf("%+v does not say %q", findings[i], want)
		}
		if v := VerdictOf(r, findings); v != Ready {
			t.Errorf("%q: the verdict is %s", want, v)
		}
	}
}
