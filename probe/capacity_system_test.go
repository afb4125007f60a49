//go:build system

package probe_test

import (
	"testing"
	"time"

	"netready/probe/facts"
)

// A line of 1 Mbit/s with a short queue. A call of G.711 takes 214 bytes of
// Ethernet 50 times a second, 86 kbit/s, and what the responder reports of it some
// 9 kbit/s more (seen with tshark, 10 calls): 10 fit.
func TestCapacityOfALine(t *testing.T) {
	l := newLine(t, 2)
	for _, side := range [][2]string{{"1", "eth1"}, {"2", "eth0"}} {
		l.In(t, side[0], "tc", "qdisc", "add", "dev", side[1], "root", "tbf", "rate", "1mbit", "burst", "5k", "limit", "10k")
	}
	c := l.run(t, order{Duration: time.Second, Parts: []string{facts.PartVoice}, CallsMax: 40}).Capacity
	if c == nil || c.GoodCalls == nil || c.AtLeast || len(c.Broke) == 0 {
		t.Fatalf("%+v", c)
	}
	t.Logf("%d calls; %+v", *c.GoodCalls, c.Steps)
	if *c.GoodCalls < 9 || *c.GoodCalls > 11 {
		t.Errorf("%d good calls on a line for 10", *c.GoodCalls)
	}
}
