//go:build system

package probe_test

import (
	"testing"
	"time"

	"netready/probe/facts"
)

// The gateway and the first hop behind it are laid beside every second of a
// call, on its own clock: none of its seconds lacks them, whatever came before.
func TestGatewayAndHopBesideEverySecond(t *testing.T) {
	l := newLine(t, 3)
	r := l.run(t, order{Duration: 6 * time.Second, Parts: []string{facts.PartVoice, facts.PartPing}})
	if len(r.Voice.Timeline) != 6 {
		t.Fatalf("%d seconds: %v", len(r.Voice.Timeline), r.NotMeasured)
	}
	for _, s := range r.Voice.Timeline {
		if s.Gateway == nil || s.Gateway.Asked < 15 || s.Gateway.Asked > 25 || s.Gateway.Lost > 0 {
			t.Errorf("second %d: gateway %+v", s.Second, s.Gateway)
		}
		if s.Second >= 1 && (s.Hop == nil || s.Hop.Asked < 3 || s.Hop.Answered != s.Hop.Asked) {
			t.Errorf("second %d: hop %+v", s.Second, s.Hop)
		}
	}
	if p := r.Path; p.MarkKeptTo == nil || *p.MarkKeptTo != 3 || p.MarkLostAt != nil || len(p.Hops) != 3 {
		t.Errorf("path %+v", p)
	}
}
