package probe

import (
	"context"

	"netready/internal/lean"
	"netready/probe/facts"
	"netready/probe/stream"

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
		end := lean.Begin()
		trip, _ := r.session.Control().Clock(ctx) // not known: the transfers themselves say what is wrong
		*b = bandwidth.Run(ctx, r.session.Control(), bandwidth.Settings{Call: r.codec.WireBitRate(stream.PacketTime), RTT: trip})
		end()
		stop()
	}
	for _, what := range bandwidth.Gaps(*b) {
		r.missingFor(code, what, b.Reason)
	}
}
