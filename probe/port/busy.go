package port

import (
	"context"
	"slices"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/wire"
)

// loadLimit is for the question whether the responder is too full.
const loadLimit = 3 * time.Second

// responderBusy is the verdict on a failure that a full responder explains, as the
// responder itself says; nil: it does not explain it. It never explains an answer from
// somebody else.
func (t target) responderBusy(ctx context.Context, o outcome) *outcome {
	if o.status != facts.StatusFail || o.foreign || t.session == nil || t.session.Load == nil || ctx.Err() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, loadLimit)
	defer cancel()
	load, err := t.session.Load(ctx)
	if err != nil || !t.explains(load, o) {
		return nil
	}
	busy := tooFull("it turned connections or packets away for want of room meanwhile")
	busy.tested = o.tested
	return &busy
}

// explains says whether the responder's load may be the cause of a failure.
func (t target) explains(load wire.Load, o outcome) bool {
	if t.transport() == "TCP" {
		return load.TurnedAway || t.session.ViaProxy && load.Anyone
	}
	ports := o.failed
	if len(ports) == 0 {
		ports = []int{int(t.addr.Port())}
	}
	return slices.ContainsFunc(ports, func(p int) bool { return slices.Contains(load.Dropped, p) })
}

// tooFull is the verdict where the responder said that it is too full.
func tooFull(how string) outcome {
	return notMeasured(facts.ReasonFarBusy, "the responder is too busy for this check ("+how+"), so it says nothing about the firewall: run again in a minute")
}
