//go:build system

package probe_test

import (
	"fmt"
	"testing"

	"netready/probe/facts"
)

// A link with a small MTU in the middle: if its router reports it, the path is good; if the
// report is dropped, larger packets are lost and nobody is told.
func TestNarrowLink(t *testing.T) {
	for _, c := range []struct {
		mtu   int
		quiet bool
		want  string
	}{{1500, false, facts.MTUFine}, {1400, false, facts.MTUFine}, {1400, true, facts.MTUHole}, {1320, true, facts.MTUHole}} {
		l := newLine(t, 2)
		l.In(t, "1", "ip", "link", "set", "eth1", "mtu", fmt.Sprint(c.mtu))
		if c.quiet {
			l.RulesIn(t, "1", "table ip t {\nchain c {\ntype filter hook output priority 0;\nicmp type destination-unreachable drop\n}\n"+
				// TCP is told to stay small, as such routers do: UDP alone finds the hole.
				"chain f {\ntype filter hook forward priority 0;\ntcp flags syn tcp option maxseg size set 1200\n}\n}")
		}
		m := l.run(t, order{Parts: []string{facts.PartPing}}).Path.MTU
		if m.Code != c.want || m.Bytes == nil || *m.Bytes != c.mtu || (m.Told != nil) != (c.mtu < 1500 && !c.quiet) {
			t.Errorf("MTU %d, quiet %v: %+v", c.mtu, c.quiet, m)
		}
	}
}
