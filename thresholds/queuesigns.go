package thresholds

import (
	"fmt"
	"math"
	"slices"

	"netready/probe/facts"
)

const (
	// queueMS is the least rise of the round trip that is taken for a queue: five
	// full packets at 2 Mbit/s wait as long.
	queueMS = 30
	// queueSeconds is the least number of such seconds that shows a queue.
	queueSeconds = 3
	// smooth is the least ratio of a queue's delay to its jitter: that delay changes
	// little from packet to packet. Independent random delays give 1 to 2, and up to
	// 5 where packets cannot overtake each other.
	smooth = 6
	// steadyMS is how much the delay varies at most after a change of route; in a
	// queue it varies more.
	steadyMS = 5
)

// trips are the smallest round trip that was seen, and the seconds of the call
// in which it was far above that: by the checks, or by how long the packets waited where no
// check was answered, as in a full queue.
func (j *judge) trips() (base, highest float64, high []facts.Second) {
	v := j.result.Voice
	base = math.Inf(1)
	if v.RTT != nil && v.RTT.MinMS != nil {
		base = *v.RTT.MinMS
	}
	for _, p := range j.result.Ping {
		if p.Role == facts.RoleResponder && p.MinMS != nil {
			base = min(base, *p.MinMS)
		}
	}
	for _, s := range v.Timeline {
		trip := base + waited(s)
		if s.RTTMS != nil {
			trip = *s.RTTMS
		}
		if trip >= base+queueMS {
			high, highest = append(high, s), max(highest, trip)
		}
	}
	return base, highest, high
}

// waited is how much longer the packets of a second took than the fastest, both ways
// together, in ms; 0 where that is not known.
func waited(s facts.Second) (ms float64) {
	for _, side := range []*facts.SecondSide{s.Up, s.Down, s.Loop} {
		if side != nil && side.DelayMS != nil {
			ms += *side.DelayMS
		}
	}
	return ms
}

// tripRises is the sign that the round trip rose in the bad seconds.
func tripRises(m matter) (string, float64) {
	base, highest, high := m.trips()
	if len(high) < queueSeconds || m.key == RTT && !m.limits.RTTAvgMS.keeps(base) {
		return "", 0 // it is too long even without a queue
	}
	share := m.riseShare(func(s facts.Second) bool { return s.RTTMS == nil || *s.RTTMS >= base+queueMS })
	return fmt.Sprintf("the round trip rises from %s to %s in %d of %d seconds",
		Figure(base, "ms"), Figure(highest, "ms"), len(high), len(m.result.Voice.Timeline)), share
}

// riseShare is how much of what makes the figure bad can lie in those seconds, in
// which the round trip is longer.
func (m matter) riseShare(isHigh func(facts.Second) bool) float64 {
	d := m.directionOrLoop(m.way)
	loss, discards := portion(lossOf(d)), portion(m.discardsOf(d))
	switch {
	case m.key == Loss, m.key == MOS && loss > discards:
		return m.lostThere(m.way, isHigh)
	case m.key != Discards && m.key != MOS || discards == 0:
		return 1
	}
	high, all := 0.0, 0.0
	for _, s := range m.result.Voice.Timeline {
		all++
		if isHigh(s) {
			high++
		}
	}
	return min(1, high/max(all, 1)/discards) // at most all packets of these seconds were late
}

// queueNotJitter is the sign that what rose is a queue: the delay stays high from
// packet to packet, and it is not that of another route, which stays the same.
func queueNotJitter(m matter) (string, float64) {
	_, _, high := m.trips()
	way, delay, jitter := m.way, 0.0, 0.0
	for _, w := range m.queueWays() {
		if d, j := meansOf(high, w); d > delay {
			way, delay, jitter = w, d, j
		}
	}
	if delay < queueMS/2 || delay < smooth*jitter {
		return "", 0
	}
	if m.isAnotherRoute(way, high) {
		return "", 0
	}
	return fmt.Sprintf("the delay %s grows by %s and differs by only %s from packet to packet, as in a queue",
		way.words(), Figure(delay, "ms"), Figure(jitter, "ms")), 1
}

// queueWays are those on which a queue can make the figure bad: its own, either of
// them for the round trip.
func (m matter) queueWays() []Way {
	if m.key == RTT {
		return []Way{Up, Down, ThereAndBack}
	}
	return []Way{m.way}
}

// delaySide is that way in a second where its delay is known, or both together.
func delaySide(s facts.Second, way Way) *facts.SecondSide {
	for _, side := range []*facts.SecondSide{sideOf(s, way), s.Loop} {
		if side != nil && side.DelayMS != nil {
			return side
		}
	}
	return nil
}

// meansOf are the mean delay and the mean jitter of a way in some seconds.
func meansOf(seconds []facts.Second, way Way) (delay, jitter float64) {
	n := 0.0
	for _, s := range seconds {
		if side := delaySide(s, way); side != nil && side.JitterMS != nil {
			delay, jitter, n = delay+*side.DelayMS, jitter+*side.JitterMS, n+1
		}
	}
	if n == 0 {
		return 0, 0
	}
	return delay / n, jitter / n
}

// isAnotherRoute says that the delay is that of a longer route: a lasting shift,
// after which the delay is constant and nothing is lost.
func (j *judge) isAnotherRoute(way Way, high []facts.Second) bool {
	d := direction(j.result.Voice, way)
	if d == nil || len(d.Shifts) == 0 {
		return false
	}
	var delays []float64
	for _, s := range high {
		side := sideOf(s, way)
		if side == nil || side.DelayMS == nil {
			continue
		}
		if lostIn(s, way) > 0 {
			return false
		}
		delays = append(delays, *side.DelayMS)
	}
	slices.Sort(delays)
	n := len(delays)
	return n > 0 && delays[n*9/10]-delays[n/10] < steadyMS
}

// gatewayStays is the sign that the gateway's answers did not rise meanwhile.
func gatewayStays(m matter) (string, float64) {
	g := m.gateway()
	base, highest, high := m.trips()
	if g == nil || g.MinMS == nil {
		return "", 0
	}
	sum, n := 0.0, 0.0
	for _, s := range high {
		if s.Gateway != nil && s.Gateway.AvgMS != nil {
			sum, n = sum+*s.Gateway.AvgMS, n+1
		}
	}
	avg := *g.AvgMS
	if n > 0 {
		avg = max(avg, sum/n)
	}
	if avg-*g.MinMS > (highest-base)/8 {
		return "", 0
	}
	return fmt.Sprintf("the gateway still answers in %s", Figure(avg, "ms")), 1
}
