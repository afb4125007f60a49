package probe

import (
	"context"

	"netready/probe/facts"
)

// measureRoundTrip measures what it can of a region without a responder: the round trip
// to its public endpoints, at a low rate. Up and down need a far end that counts
// packets; nothing is guessed.
func (r *run) measureRoundTrip(ctx context.Context) {
	for _, what := range []string{"voice.up", "voice.down", "voice.send_lateness_ms"} {
		r.missingFor(r.whyCode, what, r.noSession())
	}
	stop := r.track.during(StepCall)
	defer stop()
	if code, reason := r.cutOff(); code != "" {
		r.missingFor(code, "voice.rtt", reason)
		return
	}
	rtt, reason := RoundTrip(ctx, r.plan.Region)
	if rtt == nil {
		r.missing("voice.rtt", reason)
		return
	}
	r.result.Voice.Mode = facts.ModeRoundtrip
	r.result.Voice.RTT = rtt
}
