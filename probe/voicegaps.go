package probe

import (
	"cmp"
	"fmt"
	"slices"

	"netready/probe/call"
)

const nothingArrived = "nothing arrived"

// gaps says of each figure of a direction that is nil why; name is where the
// direction stands in the Result. What dscp_received lacks stands beside it.
func (d *Direction) gaps(name, noSkew string) []NotMeasured {
	few := "fewer than 10 packets arrived, too few to tell"
	if d.Received == 0 {
		few = nothingArrived
	}
	var gaps []NotMeasured
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
		{"clock_skew_ppm", d.ClockSkewPPM, cmp.Or(noSkew, "it could not be told")},
		{"burst.burst_r", d.Burst.BurstR, "nothing was sent"},
		{"burst.worst_window_percent", d.Burst.WorstWindowPercent, "fewer than 100 packets were sent"},
		{"r", d.R, "nothing was sent"},
		{"mos", d.MOS, "nothing was sent"},
	} {
		if figure.got == nil {
			gaps = append(gaps, NotMeasured{What: name + "." + figure.what, Reason: figure.reason})
		}
	}
	return gaps
}

// unmeasured says of every direction of every call why there are no figures of
// it, or why some are missing; those of the reported call have the names of Up
// and Down. Hundreds of calls lack the same figure for the same reason, which
// is said once: per_call[] is those of them that lack it.
func (r *run) unmeasured(calls []call.Call, noSkew []skewReasons, reported int) {
	for i, c := range calls {
		name, figures := "voice", "voice"
		if i != reported {
			name, figures = fmt.Sprintf("voice.per_call[%d]", i), "voice.per_call[]"
		}
		for _, side := range []struct {
			way    string
			reason string
			d      *Direction
			noSkew string
		}{
			{".up", c.Up.Reason, r.result.Voice.PerCall[i].Up, noSkew[i].up},
			{".down", c.Down.Reason, r.result.Voice.PerCall[i].Down, noSkew[i].down},
		} {
			if side.d == nil {
				r.missing(name+side.way, side.reason)
				continue
			}
			for _, gap := range side.d.gaps(figures+side.way, side.noSkew) {
				if !slices.Contains(r.result.NotMeasured, gap) {
					r.missing(gap.What, gap.Reason)
				}
			}
		}
	}
}

// skewReasons are why the clock skew of a call is nil, "" where it is not.
type skewReasons struct{ up, down string }
