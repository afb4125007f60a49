package thresholds

import (
	"strings"
	"testing"

	"netready/probe/facts"
)

// A call on a full line warns where it breaks what the idle line kept, says whether the
// mark helped, and changes no verdict.
func TestUnderLoad(t *testing.T) {
	call := func(mos float64) *facts.Direction {
		d := goodDirection()
		d.Sent, d.Received, d.MOS = 400, 400, &mos
		return d
	}
	phase := func(mos, rtt, unmarked, unmarkedRTT float64) *facts.LoadPhase {
		return &facts.LoadPhase{
			Mbps: new(5.0), CallUp: call(mos), CallDown: call(4.3), RTT: &facts.RTT{AvgMS: &rtt}, RPM: new(60_000 / rtt), IdleRPM: new(3000.0),
			UnmarkedUp: call(unmarked), UnmarkedDown: call(4.3), UnmarkedRTTMS: &unmarkedRTT,
		}
	}
	busy := phase(2, 100, 2, 100)
	busy.CallUp.Unreliable = []facts.Unreliable{{Code: facts.UnreliablePC}}
	dead := phase(2, 100, 2, 100)
	dead.CallUp.MOS, dead.CallUp.LossPercent = nil, new(100.0)
	for name, c := range map[string]struct {
		phase *facts.LoadPhase
		level Level
		words []string
		word  string // of MOS up
	}{
		"kept":                  {phase(4.2, 40, 4.2, 41), Pass, []string{"broke no limit that it kept before", "1500 round trips a minute", "did not help"}, loadKept},
		"broken, mark is naked": {phase(2, 240, 2, 241), Warn, []string{"MOS up 2 instead of at least 3.6", "average round trip 240 ms", "did not help"}, loadBroken},
		"the mark saves it":     {phase(4.2, 30, 1.5, 300), Pass, []string{"the mark (DSCP) helped: MOS was 2.7 higher"}, loadKept},
		"the mark is sooner":    {phase(4.2, 30, 4.2, 90), Pass, []string{"the mark (DSCP) helped: answers came 60 ms sooner"}, loadKept},
		"this PC was too busy":  {busy, Pass, []string{"broke no limit"}, loadUnsure},
		"nothing arrived":       {dead, Warn, []string{"acket loss up 100 % instead of below 1 %"}, loadUnknown},
	} {
		r := goodResult()
		r.UnderLoad = &facts.UnderLoad{Up: c.phase}
		findings := Default().Judge(r)
		var got *Finding
		for i := range findings {
			if findings[i].What == WhatUnderLoad+"_up" {
				got = &findings[i]
			}
		}
		if got == nil || got.Level != c.level {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for _, words := range c.words {
			if !strings.Contains(strings.ToLower(got.Text), strings.ToLower(words)) {
				t.Errorf("%s: %q does not say %q", name, got.Text, words)
			}
		}
		if v := VerdictOf(r, findings); v != Ready {
			t.Errorf("%s: the verdict is %s", name, v)
		}
		rows := Default().UnderLoad(r)
		for _, row := range rows {
			if row.Name == "MOS up" && (row.Word != c.word || row.Idle == nil || row.Down != nil) {
				t.Errorf("%s: %+v", name, row)
			}
		}
		if len(rows) < 8 {
			t.Errorf("%s: %d rows", name, len(rows))
		}
	}
	r := goodResult()
	if rows := Default().UnderLoad(r); rows != nil {
		t.Errorf("nothing was asked for, and there are rows: %+v", rows)
	}
	r.UnderLoad = &facts.UnderLoad{Reason: "the line could not be filled"}
	if f := Default().Judge(r); !containsWhat(f, WhatUnderLoad) {
		t.Error("nothing says that the full line was not measured")
	}
}

func containsWhat(all []Finding, what string) bool {
	for _, f := range all {
		if f.What == what && f.Level == Warn {
			return true
		}
	}
	return false
}
