package listen

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"netready/probe/internal/wire"
)

// ask opens ports for a session of an address.
func ask(t *testing.T, o *Opener, session string, from string, low, n int) wire.PortsGrant {
	t.Helper()
	var ports []int
	for p := range n {
		ports = append(ports, low+p)
	}
	grant, err := o.Open(t.Context(), session, netip.MustParseAddr(from), wire.PortsRequest{Protocol: "udp", Ports: ports})
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

// One client that opens ports from one address, or one prefix, leaves some for others, and
// is told that the responder was full; the end of its sessions releases all of them.
func TestOpenedPortsAreShared(t *testing.T) {
	o := &Opener{Address: "127.0.0.1", Total: 80, PerSession: 30, PerSecond: 100_000, Lifetime: time.Minute}
	t.Cleanup(func() { _ = o.Close() })
	open, busy := 0, false
	for i := range 8 { // of one address, then of the others of its prefix
		from := "192.0.2.1"
		if i > 3 {
			from = fmt.Sprint("192.0.2.", i)
		}
		grant := ask(t, o, fmt.Sprint(i), from, 33000+100*i, 30)
		open, busy = open+len(grant.Open), busy || grant.Busy
		if i == 3 && (open > 40 || open < 30) { // a port may be in use on this host
			t.Errorf("one address has %d ports, want 40", open)
		}
	}
	if open > 60 || open < 50 || !busy {
		t.Errorf("one prefix has %d ports, busy %v, want 60 and to be told so", open, busy)
	}
	if other := ask(t, o, "other", "198.51.100.1", 34100, 15); len(other.Open) < 10 || other.Busy {
		t.Errorf("another prefix got %d ports, busy %v", len(other.Open), other.Busy)
	}
	for i := range 8 {
		o.Forget(fmt.Sprint(i))
	}
	o.Forget("other")
	if len(o.ports) != 0 || len(o.holders) != 0 || len(o.circles) != 0 {
		t.Errorf("%d ports, %d holders, %d circles are left", len(o.ports), len(o.holders), len(o.circles))
	}
}

// A port that two sessions asked for stays open for the session that remains.
func TestPortOfTwoSessions(t *testing.T) {
	o := &Opener{Address: "127.0.0.1", Lifetime: time.Minute}
	t.Cleanup(func() { _ = o.Close() })
	first := ask(t, o, "a", "192.0.2.1", 34200, 5)
	second := ask(t, o, "b", "198.51.100.1", 34200, 5)
	o.Forget("a")
	if len(first.Open) != len(second.Open) || len(o.ports) != len(second.Open) || o.holders[wire.KnockIDOf("a")] != nil {
		t.Errorf("%d and %d were opened, %d are", len(first.Open), len(second.Open), len(o.ports))
	}
	o.Forget("b")
	if len(o.ports) != 0 {
		t.Errorf("%d ports are open for nobody", len(o.ports))
	}
}

// A client that opens the same ports again and again is slowed down; others are not.
func TestOpeningIsPaced(t *testing.T) {
	o := &Opener{Address: "127.0.0.1", Lifetime: time.Minute, PerSecond: 100}
	t.Cleanup(func() { _ = o.Close() })
	var ports []int
	for p := range 50 {
		ports = append(ports, 34300+p)
	}
	r := wire.PortsRequest{Protocol: "udp", Ports: ports}
	refused := 0
	for range 20 {
		if _, err := o.Open(context.Background(), "a", netip.MustParseAddr("192.0.2.1"), r); err != nil {
			refused++
		}
	}
	if refused < 15 {
		t.Errorf("%d of 20 requests for 50 ports each were refused, want 17 or so", refused)
	}
	if grant := ask(t, o, "b", "198.51.100.1", 34300, 50); len(grant.Open) < 40 {
		t.Errorf("another address got %d ports", len(grant.Open))
	}
}
