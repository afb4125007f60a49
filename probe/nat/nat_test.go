package nat

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/wire"
	"netready/probe/responder/listen"
)

func TestJudge(t *testing.T) {
	local := netip.MustParseAddrPort("10.0.0.2:5000")
	at := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	const a1, a2, b1, b2 = "192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "192.0.2.2:2"
	tests := []struct {
		name string
		seen map[string]string
		want string
	}{
		{"no translation", map[string]string{a1: "10.0.0.2:5000", a2: "10.0.0.2:5000"}, facts.MappingNone},
		{"no translation, one place", map[string]string{a1: "10.0.0.2:5000"}, facts.MappingNone},
		{"one place", map[string]string{a1: "203.0.113.1:5000"}, ""},
		{"same for two ports", map[string]string{a1: "203.0.113.1:7", a2: "203.0.113.1:7"}, facts.MappingEndpointIndependent},
		{"same for two addresses", map[string]string{a1: "203.0.113.1:7", b1: "203.0.113.1:7"}, facts.MappingEndpointIndependent},
		{"same for all", map[string]string{a1: "203.0.113.1:7", a2: "203.0.113.1:7", b2: "203.0.113.1:7"}, facts.MappingEndpointIndependent},
		{"by address", map[string]string{a1: "203.0.113.1:7", b1: "203.0.113.1:8", b2: "203.0.113.1:8"}, facts.MappingAddressDependent},
		{"by address, ports not tried", map[string]string{a1: "203.0.113.1:7", b2: "203.0.113.1:8"}, facts.MappingAddressDependent},
		{"by port", map[string]string{a1: "203.0.113.1:7", a2: "203.0.113.1:8"}, facts.MappingAddressAndPortDependent},
		{"by both", map[string]string{a1: "203.0.113.1:7", b1: "203.0.113.1:8", b2: "203.0.113.1:9"}, facts.MappingAddressAndPortDependent},
		{"another public address", map[string]string{a1: "203.0.113.1:7", a2: "203.0.113.9:7"}, facts.MappingAddressAndPortDependent},
	}
	for _, test := range tests {
		var all []seen
		for place, mapped := range test.seen {
			all = append(all, seen{at(place), at(mapped)})
		}
		got, reason := judge(local, all)
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		if got == "" && reason == "" {
			t.Errorf("%s: no reason", test.name)
		}
	}
}

const nonce = "00112233445566778899aabbccddeeff"

func TestLoopback(t *testing.T) {
	t.Parallel()
	set, err := listen.Start(t.Context(), listen.Config{
		Spec: "udp:0,udp:0", Addresses: []string{"127.0.0.1"},
		Nonce: func(id wire.KnockID) (string, bool) { return nonce, id == wire.KnockIDOf(nonce) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	listeners := set.Listeners()
	first, last := fmt.Sprintf("127.0.0.1:%d", listeners[0].Port), fmt.Sprintf("127.0.0.1:%d", listeners[len(listeners)-1].Port)
	r := Run(t.Context(), Options{Nonce: nonce, Knock: []string{first}, STUN: []STUN{{last, nonce}}, SIP: last})
	if r.Mapping != facts.MappingNone || r.Behind == nil || *r.Behind || r.PortKept == nil || !*r.PortKept || r.SIPALG == nil || *r.SIPALG {
		t.Errorf("got %+v", r)
	}
	if r.PublicAddress != r.LocalAddress || r.ForUser == "" || r.ForNetwork == "" {
		t.Errorf("got %+v", r)
	}
	survives, reason := Silence(t.Context(), SilenceOptions{Nonce: nonce, Knock: first, For: 300 * time.Millisecond})
	if survives == nil || !*survives {
		t.Errorf("silence: got %v, %s", survives, reason)
	}
	if survives, reason := Silence(t.Context(), SilenceOptions{}); survives != nil || reason == "" {
		t.Errorf("silence with nobody to ask: got %v, %q", survives, reason)
	}
}

func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	r := Run(t.Context(), Options{})
	if r.Mapping != "" || r.Behind != nil || r.Reason == "" || r.ForUser == "" {
		t.Errorf("got %+v", r)
	}
}
