//go:build (lab || system) && linux

package lab

import (
	"slices"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/thresholds"
)

// bad are the figures that a slow path breaks: nothing else is wrong with it.
var bad = []string{"rtt", "mos_up", "mos_down"}

// beyondGateway is the rule that names the access line and what follows it in one.
const beyondGateway = "beyond"

// slowly are complaints of a path that has nothing but long round trips.
func (r judged) slowly() []string { return r.besides(bad...) }

// lossy are those of a path that loses packets, and nothing else.
func (r judged) lossy() []string { return r.besides("loss_up", "loss_down", "mos_up", "mos_down") }

// besides are the complaints except for these figures, and except for a place that contains
// the line: the line itself or, where no router behind it tells, everything beyond the
// gateway.
func (r judged) besides(what ...string) []string {
	r.Findings = slices.DeleteFunc(slices.Clone(r.Findings), func(f thresholds.Finding) bool {
		return slices.Contains(what, f.What) || f.What == thresholds.WhatCause && (f.Code == thresholds.PlaceLine || f.Cause == beyondGateway)
	})
	if r.Verdict == thresholds.NotReady && !slices.ContainsFunc(r.Findings, func(f thresholds.Finding) bool { return f.Level == thresholds.Fail }) {
		r.Verdict = thresholds.Ready
	}
	return r.complaints()
}

// Over a satellite, or a bad mobile line, all checks pass: nothing is called closed or
// intercepted, and no resolver is slow.
func TestSlowPathBeforeTheCall(t *testing.T) {
	for _, trip := range []time.Duration{600 * ms, 1200 * ms} {
		t.Run(trip.String(), func(t *testing.T) {
			t.Parallel()
			for _, c := range newStand(t, line(Harm{Delay: trip / 2}), everyRow, seed.Of(t), "--only", "firewall").run(t).slowly() {
				t.Error(c)
			}
		})
	}
}
