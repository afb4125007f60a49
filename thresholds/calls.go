package thresholds

import (
	"fmt"
	"strings"

	"netready/probe"
)

// everyCall judges the calls beside the reported one: that has the lowest MOS,
// and yet another of them may have broken a limit that it kept, or not have been
// measured at all. Such a call gets a finding of its own, one for each figure.
func (j *judge) everyCall() {
	calls := j.result.Voice.PerCall
	if len(calls) < 2 {
		return
	}
	for _, way := range []string{"up", "down"} {
		j.unmeasuredCalls(way, calls)
		for _, m := range j.measures() {
			j.worseCall(m, way, calls)
		}
	}
}

// side is one direction of a call.
func side(c probe.CallPair, way string) *probe.Direction {
	if way == "up" {
		return c.Up
	}
	return c.Down
}

// unmeasuredCalls names the first call of which nothing is known on this way,
// unless the reported call says so itself.
func (j *judge) unmeasuredCalls(way string, calls []probe.CallPair) {
	if side(probe.CallPair{Up: j.result.Voice.Up, Down: j.result.Voice.Down}, way) == nil {
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
		Level: Unknown, What: "call_" + way,
		Text: fmt.Sprintf("%d of %d calls could not be measured on the way %s; call %d: %s",
			n, len(calls), way, first+1, j.why(fmt.Sprintf("voice.per_call[%d].%s", first, way))),
		Advice: "Calls differ by their ports alone: look for a firewall or a load balancer that treats them differently.",
	})
}

// worseCall adds the finding of the first call that is judged worse than the
// reported one in this figure.
func (j *judge) worseCall(m measure, way string, calls []probe.CallPair) {
	what := m.what + "_" + way
	worst := Finding{Level: Pass}
	for _, f := range j.findings {
		if f.What == what {
			worst = f
		}
	}
	found := false
	for i, c := range calls {
		d := side(c, way)
		if d == nil {
			continue
		}
		name := strings.TrimSpace(fmt.Sprintf("%s %s of call %d of %d", m.name, way, i+1, len(calls)))
		f := m.limit.judge("call_"+what, name, m.unit, m.get(d), unknownFigure(m.what, d), m.advice)
		if gravity(f) < gravity(worst) {
			worst, found = f, true
		}
	}
	if found {
		j.add(worst)
	}
}
