package thresholds

import (
	"fmt"

	"netready/probe/facts"
)

// everyCall judges the calls other than the reported one. The reported one has
// the lowest MOS, but another call may have broken a limit that it kept, or may
// not have been measured at all. Such a call gets a finding, one for each figure.
func (j *judge) everyCall() {
	calls := j.result.Voice.PerCall
	if len(calls) < 2 {
		return
	}
	for _, way := range []Way{Up, Down} {
		j.unmeasuredCalls(way, calls)
		for _, m := range measures {
			if !m.Single() {
				j.worseCall(m, way, calls)
			}
		}
	}
}

// side is one direction of a call.
func side(c facts.CallPair, way Way) *facts.Direction {
	if way == Up {
		return c.Up
	}
	return c.Down
}

// unmeasuredCalls names the first call that was not measured on this way, unless
// the reported call was not either.
func (j *judge) unmeasuredCalls(way Way, calls []facts.CallPair) {
	if side(facts.CallPair{Up: j.result.Voice.Up, Down: j.result.Voice.Down}, way) == nil {
		return
	}
	first, n := -1, 0
	for i, c := range calls {
		if side(c, way) == nil {
			n++
			if first < 0 {
				first = i
			}
		}
	}
	if n == 0 {
		return
	}
	j.add(Finding{
		Level: Unknown, What: WhatCall + string(way),
		Text: fmt.Sprintf("%d of %d calls could not be measured in the direction %s; call %d: %s",
			n, len(calls), way, first+1, j.why(fmt.Sprintf("voice.per_call[%d].%s", first, way))),
		Advice: "Calls differ by their ports alone: look for a firewall or a load balancer that treats them differently.",
	})
}

// worseCall adds the finding of the call with the worst verdict on this figure,
// where that is worse than the reported call's.
func (j *judge) worseCall(m Measure, way Way, calls []facts.CallPair) {
	what := m.What(way)
	worst := Finding{Level: Pass}
	for _, f := range j.findings {
		if f.What == what {
			worst = f
		}
	}
	found := false
	for i, c := range calls {
		known := m.known(c, way)
		if known.direction == nil {
			continue
		}
		q := question{
			measure: m, limit: *m.limit(&j.limits), what: WhatCall + what, together: WhatCall + m.What(ThereAndBack),
			name: fmt.Sprintf("%s of call %d of %d", m.title(way), i+1, len(calls)),
		}
		j.know(&q, known, "")
		f := j.advised(q, m.Key, way)
		if urgency(f) < urgency(worst) {
			worst, found = f, true
			worst.call = i + 1
		}
	}
	if found {
		j.add(worst)
	}
}
