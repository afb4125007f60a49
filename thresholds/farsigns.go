package thresholds

import (
	"fmt"
)

const (
	// steadyShare and steadyTripMS are by how much of the smallest round trip, or by how many
	// milliseconds, nearly all answers of a path without a queue differ at most.
	steadyShare, steadyTripMS = 0.1, 10
	// fibreKM is how far light in fibre goes and comes back in a millisecond: 200 km one way.
	fibreKM = 100
	// farthestMS is the longest round trip that distance explains: 20,000 km to the other side
	// of the world and back, by a route twice as long as the straight line, and what lies at both ends.
	farthestMS = 450
)

// isFarAndSteady is the sign that the round trip is long by itself: distance, which is no
// fault.
func isFarAndSteady(m matter) (string, float64) {
	if m.isSpoiltFigure() || !m.isByDistance() {
		return "", 0
	}
	t := m.result.Voice.RTT
	near := "the default gateway answers in " + Figure(*m.gateway().AvgMS, "ms")
	if hop, _ := m.hop(); hop != nil {
		near += fmt.Sprintf(", and %s in %s", named(firstBehind, hop), Figure(*hop.AvgMS, "ms"))
	} else {
		near += "; no router behind it answered, so a line that is always full cannot be ruled out"
	}
	return fmt.Sprintf("the round trip is %s at least and hardly changes (95 %% of the answers within %s), which is the time of up to %s in fibre, there and back; %s",
		Figure(*t.MinMS, "ms"), Figure(*t.P95MS, "ms"), kilometres(*t.MinMS), near), 1
}

// kilometres is how far away a host is at most by its smallest round trip.
func kilometres(ms float64) string { return fmt.Sprintf("%.0f,000 km", max(1, ms*fibreKM/1000)) }

// isNotFar is the sign, without words, that distance does not explain the figure.
func isNotFar(m matter) (string, float64) {
	if m.isByDistance() {
		return "", 0
	}
	return "", 1
}

// isByDistance says that the figure is bad because of a round trip that is long and steady
// and spent behind all that is near: the gateway answers soon, and so does the first router
// behind it, where one does.
func (m matter) isByDistance() bool {
	t := m.result.Voice.RTT
	isOfTrip := m.key == RTT || m.key == MOS && m.mosBy(m.directionOrLoop(m.way)) == RTT
	switch {
	case !isOfTrip || t == nil || t.MinMS == nil || t.AvgMS == nil || t.P95MS == nil:
		return false
	case m.key == RTT && m.limits.RTTAvgMS.keeps(*t.MinMS), m.key == MOS && !m.isFar(), *t.MinMS > farthestMS:
		return false
	case max(*t.P95MS, *t.AvgMS)-*t.MinMS > max(steadyTripMS, steadyShare**t.MinMS):
		return false
	}
	if m.gateway() == nil || m.placeByGateway(RTT, m.way) != beyondLAN {
		return false
	}
	hop, _ := m.hop()
	return hop == nil || m.ofHop(hop, RTT, m.way) != inLAN
}
