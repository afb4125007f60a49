//go:build system

package probe_test

import (
	"runtime"
	"testing"
	"time"

	"netready/probe/facts"
)

// Other programs burn every processor while a call is made over a clean link:
// the kernel's stamps keep the way down clean, and the result says how busy this
// machine was.
func TestCallOnABusyPC(t *testing.T) {
	for _, busy := range []bool{false, true} {
		l := newLine(t, 1)
		if busy {
			for range runtime.NumCPU() {
				l.Role(t, "c", roleBurn, "burning")
			}
		}
		r := l.run(t, order{Duration: 8 * time.Second, Parts: []string{facts.PartVoice}})
		v := r.Voice
		if v.Up == nil || v.Down == nil || v.PC == nil || v.PC.BusiestCorePercent == nil {
			t.Fatalf("no figures: %+v", r.NotMeasured)
		}
		t.Logf("busy %v: jitter up %.3f, down %.3f ms; busiest core %.0f %%, pressure %v %%, sent late %v ms at most, read late %v ms at most",
			busy, *v.Up.JitterMS, *v.Down.JitterMS, *v.PC.BusiestCorePercent, shown(v.PC.PressurePercent), shown(v.SendLatenessMS.Max), shown(v.PC.ReadLateMaxMS))
		if busy && *v.PC.BusiestCorePercent < 90 {
			t.Errorf("every processor was burned and the busiest shows %v %%", *v.PC.BusiestCorePercent)
		}
		for _, s := range v.Timeline {
			if s.PC == nil || s.PC.CPUPercent == nil || s.PC.SendLateMS == nil || s.PC.ReadLateMS == nil || s.Line == nil || s.Line.UpMbps <= 0 || s.Line.DownMbps <= 0 {
				t.Errorf("second %d: this machine %+v, its interface %+v", s.Second, s.PC, s.Line)
			}
		}
	}
}

func shown(x *float64) any {
	if x == nil {
		return "not told"
	}
	return *x
}
