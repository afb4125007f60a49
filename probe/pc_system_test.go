//go:build system

package probe_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/thresholds"
)

const (
	// busyTries is how often a call is placed on a burned machine, and busyGood how many of
	// them have to keep the clean link's jitter: the host of a virtual machine may stop all
	// of it between a packet's departure and its arrival, which nothing here can know.
	busyTries, busyGood = 3, 2
	// cleanJitterMS is what a clean link's jitter may be on a burned machine.
	cleanJitterMS = 0.1
)

// Other programs use every processor while calls are made over a clean link whose ends are
// both on this machine: the jitter is the link's, and the run says that this PC was busy.
func TestCallOnABusyPC(t *testing.T) {
	l := newLine(t, 1)
	for range runtime.NumCPU() {
		l.Role(t, "c", roleBurn, "burning")
	}
	good := 0
	for range busyTries {
		r := l.run(t, order{Duration: 5 * time.Second, Parts: []string{facts.PartVoice}})
		v := r.Voice
		if v.Up == nil || v.Down == nil || v.Up.JitterMS == nil || v.Down.JitterMS == nil || v.PC == nil || v.PC.BusiestCorePercent == nil {
			t.Fatalf("no figures: %+v", r.NotMeasured)
		}
		t.Logf("jitter up %.3f, down %.3f ms; busiest core %.0f %%, pressure %v %%, stolen %v %%, sent late %v ms at most, read late %v ms at most",
			*v.Up.JitterMS, *v.Down.JitterMS, *v.PC.BusiestCorePercent, shown(v.PC.PressurePercent), shown(v.PC.StealPercent), shown(v.SendLatenessMS.Max), shown(v.PC.ReadLateMaxMS))
		if *v.Up.JitterMS < cleanJitterMS && *v.Down.JitterMS < cleanJitterMS {
			good++
		}
		saysBusy(t, r)
		for _, s := range v.Timeline {
			if s.PC == nil || s.PC.CPUPercent == nil || s.Line == nil || s.Line.UpMbps <= 0 || s.Line.DownMbps <= 0 {
				t.Errorf("second %d: this machine %+v, its interface %+v", s.Second, s.PC, s.Line)
			}
		}
		if good == busyGood {
			return
		}
	}
	t.Errorf("%d of %d calls on a burned machine kept a jitter below %v ms", good, busyTries, cleanJitterMS)
}

// saysBusy wants the finding that this PC was busy, and no figure that fails.
func saysBusy(t *testing.T, r facts.Result) {
	t.Helper()
	if *r.Voice.PC.BusiestCorePercent < 90 {
		t.Errorf("every processor was burned and the busiest shows %v %%", *r.Voice.PC.BusiestCorePercent)
	}
	findings := thresholds.Default().Judge(r)
	if !slices.ContainsFunc(findings, func(f thresholds.Finding) bool {
		return f.What == thresholds.WhatCPU || f.What == thresholds.WhatLateness
	}) {
		t.Errorf("nothing says that this PC was busy: %+v", findings)
	}
	for _, f := range findings {
		if f.Level == thresholds.Fail {
			t.Errorf("the network is blamed: %s", f.Text)
		}
	}
}

func shown(x *float64) any {
	if x == nil {
		return "not told"
	}
	return *x
}
