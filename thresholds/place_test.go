package thresholds

import (
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
)

func pings(samples, lost int, avg float64) []facts.Ping {
	return []facts.Ping{{Role: "gateway", Samples: samples, Lost: lost, AvgMS: &avg}}
}

func finding(t *testing.T, r facts.Result, what string) Finding {
	t.Helper()
	findings := Default().Judge(r)
	i := slices.IndexFunc(findings, func(f Finding) bool { return f.What == what })
	if i < 0 {
		return Finding{}
	}
	return findings[i]
}

// A busy processor outranked all evidence: losses that LAN or provider alone had caused
// were blamed on this PC, although the kernel had counted no packet that it lost.
func TestBusyPCIsBlamedOnlyForWhatItCanDo(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*facts.Result)
		want   string // in the cause
		never  string
	}{
		{"loss down, kernel stamps, nothing dropped", func(r *facts.Result) {
			r.Voice.Down.LossPercent, r.Voice.Down.KernelStamps = new(4.0), true
		}, "provider", "this PC"},
		{"loss down, nobody counts drops", func(r *facts.Result) { r.Voice.Down.LossPercent = new(4.0) }, "this PC", "provider"},
		{"loss down, its own socket dropped", func(r *facts.Result) {
			r.Voice.Down.LossPercent, r.Voice.Down.KernelStamps, r.Voice.Down.SocketDropped = new(4.0), true, 60
		}, "this PC", "provider"},
		{"loss up", func(r *facts.Result) { r.Voice.Up.LossPercent = new(7.0) }, "provider", "this PC"},
		{"loss up, bad gateway", func(r *facts.Result) { r.Voice.Up.LossPercent, r.Ping = new(7.0), pings(28, 3, 2) }, "the LAN", "this PC"},
		{"loss and MOS up", func(r *facts.Result) { r.Voice.Up.LossPercent, r.Voice.Up.MOS = new(20.0), new(2.0) }, "provider", "this PC"},
		{"jitter up", func(r *facts.Result) { r.Voice.Up.JitterMS = new(40.0) }, "this PC", "provider"},
		{"jitter down, kernel stamps", func(r *facts.Result) { r.Voice.Down.JitterMS, r.Voice.Down.KernelStamps = new(40.0), true }, "provider", "this PC"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := goodResult()
			r.Machine.CPUBusyPercent, r.Machine.Interface.Kind, r.Ping = new(97.0), "wired", pings(300, 0, 1)
			test.change(&r)
			got := finding(t, r, "cause").Text
			if !strings.Contains(got, test.want) || strings.Contains(got, test.never) {
				t.Errorf("cause %q, want %q and never %q", got, test.want, test.never)
			}
		})
	}
}

// A run said "too busy to test well" and "ready" in the same report. Full processors do not
// break a limit that is kept, and are reported first; packets that left late leave no
// verdict.
func TestTooBusyIsNeverReadyInTheSameBreath(t *testing.T) {
	for name, test := range map[string]struct {
		busy func(*facts.Result)
		want Verdict // where all limits are kept
		said string
	}{
		"cpu":           {func(r *facts.Result) { r.Machine.CPUBusyPercent = new(96.5) }, Ready, "The figures are still valid"},
		"send_lateness": {func(r *facts.Result) { r.Voice.SendLatenessMS = &facts.Lateness{P99: new(41.0)} }, Undetermined, "too busy"},
	} {
		r := goodResult()
		r.Machine.Interface.Kind = facts.Wired
		test.busy(&r)
		findings := Default().Judge(r)
		got := Headline(VerdictOf(r, findings), findings, r)
		if v := VerdictOf(r, findings); v != test.want || !strings.Contains(got, test.said) || (v == Ready) == strings.Contains(got, "too busy") {
			t.Errorf("%s, all limits kept: %s and %q", name, v, got)
		}
		r.Voice.Up.JitterMS = new(44.0)
		findings = Default().Judge(r)
		if v := VerdictOf(r, findings); v != Undetermined || findings[0].Code != PlacePC {
			t.Errorf("%s, a limit broken that it can break: %s and first %+v", name, v, findings[0])
		}
		r.Voice.Up.LossPercent = new(9.0) // a busy machine does not lose what left in time
		if v := verdict(r); v != NotReady {
			t.Errorf("%s, packets are lost: %s", name, v)
		}
	}
}

// A limit that is broken by a figure that nobody can rely on is not kept, whoever was too
// busy for it.
func TestBusyPCSaysNoLimitWasKeptThatWasNot(t *testing.T) {
	r := goodResult()
	r.Machine.CPUBusyPercent = new(96.5)
	r.Voice.Down.LossPercent = new(3.75)
	r.Voice.Down.Unreliable = []facts.Unreliable{{Code: facts.UnreliableResponder, Text: "the responder sent late"}}
	if f := finding(t, r, "loss_down"); f.Level != Unknown {
		t.Fatalf("%s: %s", f.Level, f.Text)
	}
	if f := finding(t, r, WhatCPU); strings.Contains(f.Text, "was kept") || f.Advice == "" {
		t.Errorf("%s %s", f.Text, f.Advice)
	}
}

// Advice named LAN, line and firewall in one breath. It says what the figures
// point to, or that they do not tell and what would.
func TestAdviceSaysWhatTheFiguresPointTo(t *testing.T) {
	lossy := func(r *facts.Result) { r.Voice.Up.LossPercent = new(3.0) }
	for _, test := range []struct {
		name        string
		kind        string
		ping        []facts.Ping
		change      func(*facts.Result)
		what        string
		want, never string
	}{
		{"loss, wired, good gateway", "wired", pings(300, 0, 1), lossy, "loss_up", "ask the provider about loss to the region", "cable"},
		{"loss in bursts", "wired", pings(900, 0, 1), func(r *facts.Result) {
			lossy(r)
			r.Voice.Up.Burst = facts.Burst{BurstR: new(3.1), LongestRun: 9}
		}, "loss_up", "up to 9 packets in a row", "single packets"},
		{"loss, wired, bad gateway", "wired", pings(28, 2, 1), lossy, "loss_up", "2 of 30 pings were lost. Check this computer's cable", "provider"},
		{"loss, Wi-Fi, bad gateway", "wifi", pings(28, 2, 1), lossy, "loss_up", "Run it again by cable", "provider"},
		{"loss, Wi-Fi, gateway silent", "wifi", nil, lossy, "loss_up", "do not show where", "provider"},
		{"loss, wired, gateway silent", "wired", nil, lossy, "loss_up", "do not show where", "Wi-Fi"},
		{"loss over a VPN, gateway silent", "vpn", nil, lossy, "loss_up", "without the VPN", "Wi-Fi"},
		{"jitter, wired, good gateway", "wired", pings(30, 0, 1), func(r *facts.Result) { r.Voice.Down.JitterMS = new(33.0) }, "jitter_down", "behind it", "cable"},
		{"discards, slow gateway", "wifi", pings(30, 0, 88), func(r *facts.Result) { r.Voice.Down.DiscardPercent, r.Voice.RTT.AvgMS = new(9.0), new(110.0) }, "discard_down", "pings took 88 ms", "provider"},
		{"discards, a gateway that answers later than the far end", "wired", pings(30, 0, 88), func(r *facts.Result) { r.Voice.Down.DiscardPercent = new(9.0) }, "discard_down", "later (in 88 ms) than the far end", "cable"},
		{"round trip over a VPN", "vpn", pings(30, 0, 1), func(r *facts.Result) { r.Voice.RTT.AvgMS = new(180.0) }, "rtt", "without the VPN", "proxy"},
		{"round trip, good gateway", "wired", pings(30, 0, 1), func(r *facts.Result) { r.Voice.RTT.AvgMS = new(180.0) }, "rtt", "netready regions --measure", "VPN"},
		{"nothing arrives, a port is closed", "loopback", nil, func(r *facts.Result) {
			r.Voice.Up.LossPercent, r.Voice.Up.Received, r.Firewall[0].Status = new(100.0), 0, facts.StatusFail
		}, "loss_up", "the blocked connections opened first", "busy"},
		{"nothing arrives, no port was tried", "wired", pings(30, 0, 1), func(r *facts.Result) {
			r.Voice.Up.LossPercent, r.Voice.Up.Received, r.Parts, r.Firewall = new(100.0), 0, []string{facts.PartVoice}, nil
		}, "loss_up", "without --only", "provider"},
		{"MOS from loss", "wired", pings(30, 0, 1), func(r *facts.Result) { r.Voice.Up.MOS, r.Voice.Up.LossPercent = new(2.0), new(12.0) }, "mos_up", "the packet loss", "discards"},
		{"MOS from all together", "wired", pings(30, 0, 1), func(r *facts.Result) { r.Voice.Up.MOS, r.Voice.Up.LossPercent = new(3.5), new(0.9) }, "mos_up", "loss (0.9 %)", "solve"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := goodResult()
			r.Machine.Interface.Kind, r.Ping = test.kind, test.ping
			test.change(&r)
			got := finding(t, r, test.what)
			if got.Level != Fail || !strings.Contains(strings.ToLower(got.Advice), strings.ToLower(test.want)) || strings.Contains(got.Advice, test.never) {
				t.Errorf("got %s %q, want %q and never %q", got.Level, got.Advice, test.want, test.never)
			}
		})
	}
}

// Only figures that somebody busy made worse are broken: that is no verdict on
// the network. A limit that is kept in spite of it is kept.
func TestUnreliableFiguresAreNoFailure(t *testing.T) {
	responder := []facts.Unreliable{{Code: facts.UnreliableResponder, Text: "its socket dropped 310 packets"}}
	pc := []facts.Unreliable{{Code: facts.UnreliablePC, Text: "it stood still for 3 s"}}
	for _, test := range []struct {
		name   string
		change func(*facts.Result)
		want   Verdict
		text   string // of loss_up
	}{
		{"kept in spite of it", func(r *facts.Result) { r.Voice.Up.Unreliable = responder }, Ready, "Packet loss up is 0 %"},
		{"broken, responder busy", func(r *facts.Result) { r.Voice.Up.Unreliable, r.Voice.Up.LossPercent = responder, new(9.6) }, Undetermined, "the responder was too busy"},
		{"broken, PC busy", func(r *facts.Result) { r.Voice.Up.Unreliable, r.Voice.Up.LossPercent = pc, new(24.6) }, Undetermined, "this PC was too busy"},
		{"both busy", func(r *facts.Result) {
			r.Voice.Up.Unreliable, r.Voice.Up.LossPercent = slices.Concat(responder, pc), new(24.6)
		}, Undetermined, "the responder was too busy, and this PC was too busy"},
		{"the other way breaks by itself", func(r *facts.Result) {
			r.Voice.Up.Unreliable, r.Voice.Up.LossPercent, r.Voice.Down.LossPercent = responder, new(9.6), new(2.0)
		}, NotReady, "the responder was too busy"},
		{"all figures of the way", func(r *facts.Result) {
			up := r.Voice.Up
			up.Unreliable, up.LossPercent, up.MOS, up.JitterMS, up.InOrderPercent, up.DiscardPercent = responder, new(50.0), new(1.0), new(99.0), new(1.0), new(40.0)
		}, Undetermined, "the responder was too busy"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := goodResult()
			r.Ping = pings(30, 0, 1)
			test.change(&r)
			findings := Default().Judge(r)
			if got := VerdictOf(r, findings); got != test.want {
				t.Errorf("verdict %s, want %s", got, test.want)
			}
			if got := finding(t, r, "loss_up"); !strings.Contains(got.Text, test.text) || got.Level == Fail {
				t.Errorf("got %s %q, want %q", got.Level, got.Text, test.text)
			}
			if got := finding(t, r, "cause"); test.want == Undetermined && got.Code != PlacePC && got.Code != PlaceFarEnd {
				t.Errorf("the network is blamed: %+v", got)
			}
			if got := Headline(VerdictOf(r, findings), findings, r); test.want == Undetermined && strings.Contains(got, "not ready") {
				t.Errorf("headline %q", got)
			}
		})
	}
}

// The same for a call beside the reported one.
func TestUnreliableCallBesideTheReportedOne(t *testing.T) {
	r := severalCalls(3)
	r.Voice.PerCall[1].Up.LossPercent = new(30.0)
	r.Voice.PerCall[1].Up.Unreliable = []facts.Unreliable{{Code: facts.UnreliableResponder}}
	if got := finding(t, r, "call_loss_up"); got.Level != Unknown || !strings.Contains(got.Text, "the responder was too busy") || verdict(r) != Undetermined {
		t.Errorf("got %s, %+v", verdict(r), got)
	}
}
