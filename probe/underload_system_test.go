//go:build system

package probe_test

import (
	"testing"
	"time"

	"netready/probe/facts"
)

// A line of 5 Mbit/s with a deep queue at each end: the call on it is placed
// again while it is full, and shows how long the queue is.
func TestCallOnAFullLine(t *testing.T) {
	l := newLine(t, 2)
	for _, side := range [][2]string{{"1", "eth1"}, {"2", "eth0"}} {
		l.In(t, side[0], "tc", "qdisc", "add", "dev", side[1], "root", "tbf", "rate", "5mbit", "burst", "20k", "limit", "150k")
	}
	r := l.run(t, order{Duration: 4 * time.Second, Parts: []string{facts.PartVoice}, UnderLoad: true})
	u := r.UnderLoad
	if u == nil || u.Down == nil || u.Up == nil || r.Voice.RTT == nil {
		t.Fatalf("%+v", u)
	}
	for name, p := range map[string]*facts.LoadPhase{"down": u.Down, "up": u.Up} {
		if p.Mbps == nil || p.RTT == nil || p.CallUp == nil || p.CallDown == nil || p.UnmarkedUp == nil || p.UnmarkedRTTMS == nil || p.RPM == nil || p.IdleRPM == nil {
			t.Errorf("%s: %+v", name, p)
			continue
		}
		t.Logf("%s: %.1f Mbit/s, round trip %.1f ms (idle %.1f), %.0f round trips a minute (idle %.0f), MOS up %.2f, down %.2f; unmarked %.1f ms, %.2f, %.2f", name,
			*p.Mbps, *p.RTT.AvgMS, *r.Voice.RTT.AvgMS, *p.RPM, *p.IdleRPM, *p.CallUp.MOS, *p.CallDown.MOS, *p.UnmarkedRTTMS, *p.UnmarkedUp.MOS, *p.UnmarkedDown.MOS)
		if *p.Mbps > 7 || *p.Mbps < 1 {
			t.Errorf("%s: %v Mbit/s through a line of 5", name, *p.Mbps)
		}
		if *p.RPM > *p.IdleRPM/2 {
			t.Errorf("%s: %v round trips a minute on the full line, %v on the idle one", name, *p.RPM, *p.IdleRPM)
		}
	}
}
