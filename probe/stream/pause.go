package stream

import (
	"math"
	"time"
)

const (
	// restShift is by how much the delay after a pause must differ from the delay
	// before it: less than half of minShift, since several may add up.
	restShift = float64(9 * time.Millisecond)
	// restEvidence is how certain that must be: the odds that the same packets in
	// random order would show it are e^-7.
	restEvidence = 7
	// restMemory is how many packets before a pause are compared with those after.
	restMemory = 500
)

// pauses lists the first packets after the sender reset its clock, or paused and then had
// another delay. The sender caused that change of the transit, not the path, and a phone
// restarts its jitter buffer there.
func pauses(packets []packet) []int {
	var cuts []int
	begin := 0
	least, most := math.Inf(1), math.Inf(-1) // since begin
	for k, p := range packets {
		if k > 0 && (p.action == ClockReset || p.action == Paused && apartBy(packets[max(begin, k-restMemory):k], nextSpurt(packets[k:]), least, most)) {
			cuts = append(cuts, k)
			begin, least, most = k, math.Inf(1), math.Inf(-1)
		}
		least, most = min(least, p.transit), max(most, p.transit)
	}
	return cuts
}

// apartBy says whether the delay after a pause differs from the delay before it, where
// the transits were from least to most.
func apartBy(before, after []packet, least, most float64) bool {
	level := fastest(after)
	if math.Abs(level-least) < restShift {
		return false
	}
	return level > most+restShift || slowest(after) < least-restShift || precedence(before, after) >= restEvidence
}

// slowest is the largest transit of a stretch of packets.
func slowest(packets []packet) float64 {
	worst := math.Inf(-1)
	for _, k := range packets {
		worst = max(worst, k.transit)
	}
	return worst
}

// precedence is minus the logarithm of the odds that by chance the fastest packets of
// two stretches are all in one of them (a precedence test).
func precedence(a, b []packet) float64 {
	low, high := a, b
	if fastest(a) > fastest(b) {
		low, high = b, a
	}
	level, odds := fastest(high), 0.0
	left, all := float64(len(low)), float64(len(low)+len(high))
	for _, k := range low {
		if k.transit < level {
			odds -= math.Log(left / all)
			left, all = left-1, all-1
		}
	}
	return odds
}

// nextSpurt is the packets after a pause: up to the next one, and shiftWindow at most.
func nextSpurt(packets []packet) []packet {
	n := 1
	for n < len(packets) && packets[n].action == Continued && packets[n].sent-packets[0].sent < shiftWindow {
		n++
	}
	return packets[:n]
}
