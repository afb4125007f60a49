package thresholds

import (
	"strings"
	"testing"

	"netready/probe"
)

// throughTURN is a result of a call through a TURN server, all of it good.
func throughTURN() probe.Result {
	way := func() *probe.Direction {
		return &probe.Direction{Sent: 1500, Received: 1500, LossPercent: new(0.0), MOS: new(4.3), MOSAtMost: new(4.36)}
	}
	loop := &probe.Direction{
		Sent: 1500, Received: 1500, LossPercent: new(0.0), DiscardPercent: new(0.5), InOrderPercent: new(99.0), JitterMS: new(4.2), MOS: new(4.3),
	}
	v := probe.Voice{Mode: probe.ModeRelay, Calls: 1, Up: way(), Down: way(), Loop: loop, RTT: &probe.RTT{AvgMS: new(20.0), Samples: 100}}
	v.PerCall = []probe.CallPair{{Up: v.Up, Down: v.Down, Loop: loop}}
	return probe.Result{Complete: true, Parts: []string{probe.PartVoice}, Voice: v, Machine: probe.Machine{Interface: probe.Interface{Kind: "wired"}}}
}

func TestBoundsOfACallThroughATURNServer(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*probe.Voice)
		verdict Verdict
		what    string
		text    string
		not     string // code that no finding has
	}{
		"kept by the loop":            {func(*probe.Voice) {}, Ready, "jitter_up", "Jitter up is at most 4.2 ms there and back (expected below 30 ms)", "jitter"},
		"order":                       {func(*probe.Voice) {}, Ready, "order_down", "Packet order down is at least 99 % there and back", "order"},
		"MOS is a lower bound":        {func(*probe.Voice) {}, Ready, "mos_up", "MOS up is at least 4.3 (", "mos"},
		"broken together":             {func(v *probe.Voice) { v.Loop.JitterMS = new(45.0) }, NotReady, "jitter", "Jitter there and back together is 45 ms, expected below 30 ms", "jitter_down"},
		"discards together":           {func(v *probe.Voice) { v.Loop.DiscardPercent = new(9.0) }, NotReady, "discard", "there and back together is 9 %", "discard_up"},
		"loss of one way":             {func(v *probe.Voice) { v.Up.LossPercent, v.Loop.LossPercent = new(5.0), new(5.0) }, NotReady, "loss_up", "Packet loss up is 5 %, expected below 1 %", "loss"},
		"MOS by the way's own loss":   {func(v *probe.Voice) { v.Down.MOS, v.Down.MOSAtMost = new(2.0), new(2.1) }, NotReady, "mos_down", "MOS down is 2, expected at least 3.6", "mos"},
		"MOS that cannot be pinned":   {func(v *probe.Voice) { v.Down.MOS, v.Up.MOS = new(3.5), new(3.5) }, NotReady, "mos", "MOS there and back together is 3.5", "mos_up"},
		"only the loop":               {func(v *probe.Voice) { v.Up, v.Down = nil, nil }, Ready, "loss_up", "Packet loss up is at most 0 % there and back", "loss"},
		"only the loop, and it loses": {func(v *probe.Voice) { v.Up, v.Down, v.Loop.LossPercent = nil, nil, new(3.0) }, NotReady, "loss", "Packet loss there and back together is 3 %", "loss_up"},
		"a leg stood still": {func(v *probe.Voice) {
			v.Up.LossPercent, v.Up.Unreliable = new(5.0), []probe.Unreliable{{Code: probe.UnreliableRelay, Text: "the connection stood still"}}
		}, Undetermined, "loss_up", "cannot be relied on: the connection stood still", ""},
		"several calls": {func(v *probe.Voice) { v.PerCall = append(v.PerCall, v.PerCall[0]) }, Ready, "jitter_up", "at most", "call_jitter_up"},
	} {
		t.Run(name, func(t *testing.T) {
			r := throughTURN()
			c.change(&r.Voice)
			findings := Default().Judge(r)
			if got := VerdictOf(r, findings); got != c.verdict {
				t.Errorf("verdict %s, want %s", got, c.verdict)
			}
			found := 0
			for _, f := range findings {
				if f.What == c.what && strings.Contains(f.Text, c.text) {
					found++
				}
				if f.What == c.not {
					t.Errorf("%s: %s", f.What, f.Text)
				}
			}
			if found != 1 {
				t.Errorf("%d findings %s with %q in %+v", found, c.what, c.text, findings)
			}
		})
	}
}
