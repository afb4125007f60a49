package probe

import (
	"cmp"

	"netready/probe/facts"
)

const nothingArrived = "nothing arrived"

// directionGaps gives the reason of each figure of a direction that is nil. name is the
// place of the direction in the Result. The reason of dscp_received is a field of the
// direction.
func directionGaps(d *facts.Direction, name, noSkew string) []facts.NotMeasured {
	few := "fewer than 10 packets arrived, too few to tell"
	if d.Received == 0 {
		few = nothingArrived
	}
	var gaps []facts.NotMeasured
	for _, figure := range []struct {
		what   string
		got    *float64
		reason string
	}{
		{"loss_percent", d.LossPercent, "nothing was sent"},
		{"discard_percent", d.DiscardPercent, "nothing was sent"},
		{"in_order_percent", d.InOrderPercent, nothingArrived},
		{"jitter_ms", d.JitterMS, few},
		{"jitter_max_ms", d.JitterMaxMS, few},
		{"pdv_p99_ms", d.PDVp99MS, nothingArrived},
		{"clock_skew_ppm", d.ClockSkewPPM, cmp.Or(noSkew, "it does not follow from the packets")},
		{"burst.burst_r", d.Burst.BurstR, "nothing was sent"},
		{"burst.worst_window_percent", d.Burst.WorstWindowPercent, "fewer than 100 packets were sent"},
		{"r", d.R, "nothing was sent"},
		{"mos", d.MOS, "nothing was sent"},
	} {
		if figure.got == nil {
			gaps = append(gaps, facts.NotMeasured{What: name + "." + figure.what, Reason: figure.reason})
		}
	}
	return gaps
}
