package thresholds

import (
	"math"

	"netready/probe/facts"
)

// Worse says that the network was worse in run a than in run b: by the verdict,
// then by the lower MOS of the two ways, then by the higher loss. A run without a
// MOS counts as worse than one with it where the network is not ready, and as
// better otherwise, since nothing is known of the call.
func Worse(a, b facts.Result, verdictA, verdictB Verdict) bool {
	if badA, badB := verdictA == NotReady, verdictB == NotReady; badA != badB {
		return badA
	}
	unknown := math.Inf(1)
	if verdictA == NotReady {
		unknown = math.Inf(-1)
	}
	if mosA, mosB := LowestMOS(a.Voice, unknown), LowestMOS(b.Voice, unknown); mosA != mosB {
		return mosA < mosB
	}
	return mostLoss(a.Voice) > mostLoss(b.Voice)
}

// LowestMOS is that of the worse way of the call, unknown where neither has one.
func LowestMOS(v facts.Voice, unknown float64) float64 {
	lowest := math.Inf(1)
	for _, d := range []*facts.Direction{v.Up, v.Down} {
		if d != nil && d.MOS != nil {
			lowest = min(lowest, *d.MOS)
		}
	}
	if math.IsInf(lowest, 1) {
		return unknown
	}
	return lowest
}

func mostLoss(v facts.Voice) float64 {
	most := 0.0
	for _, d := range []*facts.Direction{v.Up, v.Down} {
		if d != nil && d.LossPercent != nil {
			most = max(most, *d.LossPercent)
		}
	}
	return most
}
