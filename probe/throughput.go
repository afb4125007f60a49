package probe

import (
	"context"
	"time"

	"netready/internal/lean"
	"netready/probe/facts"
	"netready/probe/internal/control"
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
		*b = bandwidth.Run(ctx, r.session.Control(), bandwidth.Settings{Call: r.codec.WireBitRate(stream.PacketTime), RTT: leastTrip(ctx, r.session.Control())})
		end()
		stop()
	}
	for _, what := range bandwidth.Gaps(*b) {
		r.missingFor(code, what, b.Reason)
	}
}

// leastTrip is the least of some round trips of the control connection: one alone may have
// waited for a busy machine. On a slow path one is enough. 0: not known, and the
// transfers themselves say what is wrong.
func leastTrip(ctx context.Context, link *control.Client) (least time.Duration) {
	const tries, enough = 5, time.Second
	for spent, i := time.Duration(0), 0; i < tries && spent < enough; i++ {
		trip, err := link.Clock(ctx)
		if err != nil {
			break
		}
		if spent += trip; i == 0 || trip < least {
			least = trip
		}
	}
	return least
}
