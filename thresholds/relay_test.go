package thresholds

import (
	"strings"
	"testing"

	"netready/probe/facts"
)

// throughTURN is a result of a call through a TURN server, all of it good.
func throughTURN() facts.Result {
	way := func() *facts.Direction {
		return &facts.Direction{Sent: 1500, Received: 1500, LossPercent: new(0.0), MOS: new(4.3), MOSAtMost: new(4.36)}
	}
	loop := goodDirection()
	loop.DiscardPercent, loop.InOrderPercent, loop.JitterMS = new(0.5), new(99.0), new(4.2)
	v := facts.Voice{Mode: facts.ModeRelay, Calls: 1, Up: way(), Down: way(), Loop: loop, RTT: &facts.RTT{AvgMS: new(20.0), Samples: 100}}
	v.PerCall = []facts.CallPair{{Up: v.Up, Down: v.Down, Loop: loop}}
	return facts.Result{Complete: true, Parts: []string{facts.PartVoice}, Voice: v, Machine: facts.Machine{Interface: facts.Interface{Kind: "wired"}}}
}

func TestBoundsOfACallThroughATURNServer(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*facts.Voice)
		verdict Verdict
		what    string
		text    string
		not     string // code that no finding has
	}{
		"kept by the loop":            {func(*facts.Voice) {}, Ready, "jitter_up", "Jitter up is at most 4.2 ms there and back (expected below 30 ms)", "jitter"},
		"order":                       {func(*facts.Voice) {}, Ready, "order_down", "Packet order down is at least 99 % there and back", "order"},
		"MOS is a lower bound":        {func(*facts.Voice) {}, Ready, "mos_up", "MOS up is at least 4.3 (", "mos"},
		"broken together":             {func(v *facts.Voice) { v.Loop.JitterMS = new(45.0) }, NotReady, "jitter", "Jitter there and back together is 45 ms, expected below 30 ms", "jitter_down"},
		"discards together":           {func(v *facts.Voice) { v.Loop.DiscardPercent = new(9.0) }, NotReady, "discard", "there and back together is 9 %", "discard_up"},
		"loss of one way":             {func(v *facts.Voice) { v.Up.LossPercent, v.Loop.LossPercent = new(5.0), new(5.0) }, NotReady, "loss_up", "Packet loss up is 5 %, expected below 1 %", "loss"},
		"MOS by the way's own loss":   {func(v *facts.Voice) { v.Down.MOS, v.Down.MOSAtMost = new(2.0), new(2.1) }, NotReady, "mos_down", "MOS down is 2, expected at least 3.6", "mos"},
		"MOS that cannot be pinned":   {func(v *facts.Voice) { v.Down.MOS, v.Up.MOS = new(3.5), new(3.5) }, NotReady, "mos", "MOS there and back together is 3.5", "mos_up"},
		"only the loop":               {func(v *facts.Voice) { v.Up, v.Down = nil, nil }, Ready, "loss_up", "Packet loss up is at most 0 % there and back", "loss"},
		"only the loop, and it loses": {func(v *facts.Voice) { v.Up, v.Down, v.Loop.LossPercent = nil, nil, new(3.0) }, NotReady, "loss", "Packet loss there and back together is 3 %", "loss_up"},
		"a leg stood still": {func(v *facts.Voice) {
			v.Up.LossPercent, v.Up.Unreliable = new(5.0), []facts.Unreliable{{Code: facts.UnreliableRelay, Text: "the connection stood still"}}
		}, Undetermined, "loss_up", "cannot be relied on: the connection stood still", ""},
		"several calls": {func(v *facts.Voice) { v.PerCall = append(v.PerCall, v.PerCall[0]) }, Ready, "jitter_up", "at most", "call_jitter_up"},
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
