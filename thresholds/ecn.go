package thresholds

import (
	"fmt"

	"netready/probe/facts"
)

// congestion says at which hop packets up lose their ECN (RFC 3168), where a router quoted
// one that it got without. It harms no call, so it is the fault of nothing else.
func (j *judge) congestion() {
	p := j.result.Path
	if p.ECNLostAt == nil || j.staysInside() {
		return
	}
	at := *p.ECNLostAt
	name, between := fmt.Sprintf("router %d", at), "before it on the path"
	for _, h := range p.Hops {
		if h.TTL != at {
			continue
		}
		if h.Address != "" {
			name += " (" + h.Address + ")"
		}
		if h.Role == facts.HopGateway {
			name, between = "the default gateway", "on the LAN"
		}
	}
	j.add(Finding{
		Level: Warn, What: WhatECN, Got: new(float64(at)),
		Text:   fmt.Sprintf("ECN, by which routers tell of congestion before they drop packets, is cleared on the way up: %s gets packets without it, so something %s removes it", name, between),
		Advice: "It harms no call. Ask the network team to keep ECN all the same: where routers use it, other traffic fills their queues less.",
	})
}
