package probe

import (
	"context"
	"math"

	"netready/probe/facts"

	"netready/probe/bandwidth"
)

// measureBandwidth is the last step, so that it does not disturb the call.
func (r *run) measureBandwidth(ctx context.Context) {
	if !r.plan.asks(facts.PartBandwidth) {
		return
	}
	b, code := &r.result.Bandwidth, ""
	switch {
	case r.relay != nil:
		b.Reason, code = "not measured through somebody's TURN server", facts.CodeRelay
	case r.session == nil:
		b.Reason, code = r.noSession(), r.whyCode
	case ctx.Err() != nil:
		code, b.Reason = facts.CodeStopped, "the run was stopped before it"
	default:
		stop := r.track.during(StepBandwidth)
		found := bandwidth.Run(ctx, r.session.Control(), bandwidth.Settings{})
		stop()
		b.UpMbps, b.DownMbps, b.Reason = megabits(found.Up), megabits(found.Down), found.Reason
		b.CallsUp, b.CallsDown = r.callsIn(found.Up), r.callsIn(found.Down)
	}
	for _, what := range bandwidthGaps(b) {
		r.missingFor(code, what, b.Reason)
	}
}

func megabits(bitsPerSecond *float64) *float64 {
	if bitsPerSecond == nil {
		return nil
	}
	return new(facts.Round(*bitsPerSecond / 1e6))
}

// callsIn is how many calls of the codec would fit, on Ethernet.
func (r *run) callsIn(bitsPerSecond *float64) *int {
	if bitsPerSecond == nil {
		return nil
	}
	return new(int(math.Floor(*bitsPerSecond / r.codec.WireBitRate(packetTime))))
}
