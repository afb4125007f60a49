package probe

import (
	"cmp"

	"netready/probe/facts"
)

// gaps says of each figure of the machine that is nil why it was not measured.
// What an interface cannot have is no gap: its reason stands in the interface,
// and then noMbps or noWifi is "".
func machineGaps(m facts.Machine, noMbps, noWifi string) []facts.NotMeasured {
	const untold = "the system did not tell"
	var gaps []facts.NotMeasured
	gap := func(got *float64, what, reason string) {
		if got == nil && reason != "" {
			gaps = append(gaps, facts.NotMeasured{What: "machine." + what, Reason: reason})
		}
	}
	gap(m.CPUBusyPercent, "cpu_busy_percent", untold)
	gap(m.MemoryMB, "memory_mb", untold)
	gap(m.Interface.Mbps, "interface.mbps", noMbps)
	gap(m.Interface.WifiDBM, "interface.wifi_dbm", noWifi)
	return gaps
}

// noNAT is why survives_30s is nil where it has no meaning.
const noNAT = "there is no NAT, so no mapping that silence could end"

// natGaps says of each figure of the NAT that is nil why it was not measured.
// sip and silence are the reasons of two of them, where they were tried. What
// cannot be, without a NAT, is no gap: its reason stands in the NAT.
func natGaps(n *facts.NAT, sip, silence string) []facts.NotMeasured {
	if n.Behind == nil && n.SIPALG == nil {
		return []facts.NotMeasured{{What: "nat", Reason: cmp.Or(n.Reason, "the run was stopped before it")}}
	}
	var gaps []facts.NotMeasured
	gap := func(missing bool, what, reason string) {
		if missing {
			gaps = append(gaps, facts.NotMeasured{What: "nat." + what, Reason: cmp.Or(reason, "the run was stopped before it")})
		}
	}
	gap(n.Behind == nil, "behind", n.Reason)
	gap(n.Mapping == "", "mapping", n.Reason)
	gap(n.PortKept == nil, "port_kept", n.Reason)
	gap(n.SIPALG == nil, "sip_alg", sip)
	switch {
	case n.Behind == nil:
		gap(n.Survives30s == nil, "survives_30s", n.Reason)
	case *n.Behind:
		gap(n.Survives30s == nil, "survives_30s", silence)
	default:
		n.Reason = cmp.Or(n.Reason, noNAT)
	}
	return gaps
}

// gaps names what was not measured: the whole, or the one way that broke off.
func bandwidthGaps(b *facts.Bandwidth) []string {
	switch {
	case b.UpMbps == nil && b.DownMbps == nil:
		return []string{"bandwidth"}
	case b.UpMbps == nil:
		return []string{"bandwidth.up_mbps", "bandwidth.calls_up"}
	case b.DownMbps == nil:
		return []string{"bandwidth.down_mbps", "bandwidth.calls_down"}
	}
	return nil
}

const nothingArrived = "nothing arrived"

// directionGaps says of each figure of a direction that is nil why; name is where the
// direction stands in the Result. What dscp_received lacks stands beside it.
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
		{"clock_skew_ppm", d.ClockSkewPPM, cmp.Or(noSkew, "it could not be told")},
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
