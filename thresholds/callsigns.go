package thresholds

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"netready/probe/facts"
)

const (
	deadSeconds = 7 // an outage of fewer seconds does not end the control connection
	lateDeath   = 3 // fewer dead seconds at the end are chance
	lastSeconds = 1 // a call that ends that much early counts as complete
	nearChange  = 1 // seconds for which the old mapping may be lost before the new one is known
)

// isDead says that nothing of the call came through in a second.
func isDead(s facts.Second) bool {
	gone := func(side *facts.SecondSide) bool {
		return side == nil || side.LossPercent != nil && *side.LossPercent >= percent
	}
	return s.RTTMS == nil && (s.Up != nil || s.Down != nil) && gone(s.Up) && gone(s.Down)
}

// deadFrom is the second after which nothing of the call arrived until its end,
// -1 where there is none or nothing arrived before either.
func (j *judge) deadFrom() int { return j.deadFor(deadSeconds) }

// deadFor is deadFrom for an outage of at least so many seconds.
func (j *judge) deadFor(seconds int) int {
	line := j.result.Voice.Timeline
	from := len(line)
	for from > 0 && isDead(line[from-1]) {
		from--
	}
	if len(line)-from < seconds || from == 0 {
		return -1
	}
	return from
}

// diesLate says that most of a way's loss is in the last seconds, in which nothing
// arrived: too few to tell an outage from a firewall that dropped its state.
func (j *judge) diesLate(way Way) bool {
	from := j.deadFor(lateDeath)
	if from < 0 || j.deadFrom() >= 0 || j.isGatewayDeadFrom(from) {
		return false
	}
	return j.lostThere(way, func(s facts.Second) bool { return s.Second >= from }) >= mostOf
}

// endsForGood is the sign that from one moment to the end nothing arrived.
func endsForGood(m matter) (string, float64) {
	from := m.deadFrom()
	if from < 0 || m.isGatewayDeadFrom(from) {
		return "", 0
	}
	share := m.lostThere(m.way, func(s facts.Second) bool { return s.Second >= from })
	return fmt.Sprintf("from %s to the end no packet and no check arrived", clock(float64(from))), share
}

// isGatewayDeadFrom says that the gateway had answered, was asked from that second on and
// gave no answer either.
func (j *judge) isGatewayDeadFrom(second int) bool {
	asked, lost, before := 0, 0, 0
	for _, s := range j.result.Voice.Timeline {
		switch {
		case s.Gateway == nil:
		case s.Second >= second:
			asked, lost = asked+s.Gateway.Asked, lost+s.Gateway.Lost
		default:
			before += s.Gateway.Asked - s.Gateway.Lost
		}
	}
	return before > 0 && asked > 0 && lost == asked
}

// controlGoesOn is the sign that the responder could be reached all the time.
func controlGoesOn(m matter) (string, float64) {
	if m.result.Voice.Mode != facts.ModeResponder || m.gap("voice.complete") != nil {
		return "", 0
	}
	return "the control connection to the same responder continued", 1
}

// gap is what the result says of something that was not measured, nil where it
// says nothing.
func (j *judge) gap(what string) *facts.NotMeasured {
	for _, n := range j.result.NotMeasured {
		if n.What == what {
			return &n
		}
	}
	return nil
}

// gapCode is why something was not measured, "" where that has no code.
func (j *judge) gapCode(what string) string {
	if gap := j.gap(what); gap != nil {
		return gap.Code
	}
	return ""
}

// endedBy says whether the call ended before its time for this reason.
func (j *judge) endedBy(code string) bool {
	gap := j.gap("voice.complete")
	return gap != nil && gap.Code == code
}

// farEndClosed is the sign that the responder ended the control connection.
func farEndClosed(m matter) (string, float64) {
	v := m.result.Voice
	if !m.endedBy(facts.CodeFarEnded) || len(v.MappingChanges) > 0 || v.DurationAskedS > 0 && v.DurationS > v.DurationAskedS-lastSeconds {
		return "", 0 // while the call continues it was not the far end that closed the connection
	}
	return fmt.Sprintf("after %s of the call it closed the control connection", Figure(m.result.Voice.DurationS, "s")), m.endShare()
}

// allFellSilent is the sign that call and control connection ended together.
func allFellSilent(m matter) (string, float64) {
	if from := m.deadFrom(); !m.endedBy(facts.CodeFarSilent) || from >= 0 && m.isGatewayDeadFrom(from) {
		return "", 0 // where the gateway is silent too, the fault is not at the far end
	}
	return fmt.Sprintf("after %s both the call and the control connection fell silent, so the responder, its host or the whole path to it is down; "+
		"a run from another network at the same time would tell which", Figure(m.result.Voice.DurationS, "s")), m.endShare()
}

// clock is a time in the call as 0:12.
func clock(s float64) string { return fmt.Sprintf("%d:%02d", int(s)/60, int(s)%60) }

// changes are the new mappings of the reported call, or where no figure is to be
// explained of all calls: those with another public address, or those with another
// port of the same address.
func (m matter) changes(address bool) []facts.MappingChange {
	var some []facts.MappingChange
	for _, c := range m.result.Voice.MappingChanges {
		if c.OtherAddress == address && (m.kind == warningMatter || c.Call == m.reported()) {
			some = append(some, c)
		}
	}
	return some
}

// reported is the index of the reported call, -1 where the result does not tell.
func (j *judge) reported() int {
	v := j.result.Voice
	switch {
	case v.Reported != nil:
		return *v.Reported
	case len(v.PerCall) < 2:
		return 0
	}
	return slices.IndexFunc(v.PerCall, func(c facts.CallPair) bool {
		return reflect.DeepEqual(c.Up, v.Up) && reflect.DeepEqual(c.Down, v.Down)
	})
}

// mappingChanged is the sign that a NAT gave the call another port.
func mappingChanged(m matter) (string, float64) {
	return m.changedWords(false, "another port of the same public address")
}

// addressChanged is the sign that the call left through another public address.
func addressChanged(m matter) (string, float64) {
	return m.changedWords(true, "another public address")
}

func (m matter) changedWords(address bool, what string) (string, float64) {
	changes, who := m.changes(address), "the call"
	if m.kind == warningMatter && len(m.result.Voice.PerCall) > 1 {
		who = "one of the calls"
	}
	if len(changes) == 0 {
		return "", 0
	}
	var at []string
	for _, c := range changes[:min(len(changes), mostShifts)] {
		at = append(at, clock(c.AtS))
	}
	return fmt.Sprintf("while packets flowed %s got %s (%s, at %s)", who, what, times(len(changes)), strings.Join(at, ", ")), 1
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// badAtChanges is the sign that packets were lost, or too late, where the mapping
// changed.
func badAtChanges(address bool) sign {
	return func(m matter) (string, float64) {
		if m.kind == warningMatter {
			return "", 1
		}
		share, what := m.badOnlyThere(func(s facts.Second) bool {
			for _, c := range m.changes(address) {
				if at := int(c.AtS); s.Second <= at && s.Second >= at-nearChange {
					return true
				}
			}
			return false
		})
		return fmt.Sprintf("%s of the packets that were %s %s were so there", Figure(math.Round(percent*share), "%"), what, m.way.words()), share
	}
}
