package probe

import (
	"context"

	"netready/probe/facts"

	"netready/probe/beacon"
	"netready/probe/regions"
)

// RoundTrip measures the round trip to a region's public endpoints, with few questions.
// nil: not measured, and why.
func RoundTrip(ctx context.Context, region regions.Region) (*facts.RTT, string) {
	found := beacon.Measure(ctx, beacon.Endpoints{Echo: region.Echo, STUN: region.STUN, TCP: region.TCP})
	if rtt := rttOf(found.Source, found.Trips, found.Lost); rtt != nil {
		return rtt, ""
	}
	if found.Reason == "" {
		return nil, "no answer in time"
	}
	return nil, found.Reason
}
