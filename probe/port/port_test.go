package port

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/wire"
)

// A bound and silent socket plays the firewall.
func silentUDP(t *testing.T) int {
	t.Helper()
	c, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().(*net.UDPAddr).Port
}

func closedPort(t *testing.T, network string) int {
	t.Helper()
	if network == "udp" {
		c, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).Port
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

const testNonce = "00112233445566778899aabbccddeeff"

// knockServer answers knocks, or spoils the answers.
func knockServer(t *testing.T, spoil func([]byte)) int {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	port := c.LocalAddr().(*net.UDPAddr).Port
	go func() {
		b := make([]byte, 2048)
		for {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			k, nonce, ok := wire.ParseKnock(b[:n], func(id wire.KnockID) (string, bool) { return testNonce, id == wire.KnockIDOf(testNonce) })
			if !ok {
				continue
			}
			answer := k.Answer(from, port).Marshal(nonce)
			if spoil != nil {
				spoil(answer)
			}
			_, _ = c.WriteToUDPAddrPort(answer, from)
		}
	}()
	return port
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	good := knockServer(t, nil)
	impostor := knockServer(t, func(b []byte) { b[70] ^= 1 })
	quiet := silentUDP(t)
	session := &Session{Nonce: testNonce, Host: "127.0.0.1", Media: "127.0.0.1:9", Listeners: []wire.Listener{
		{Protocol: "udp", Port: good},
		{Protocol: "udp", Port: impostor},
		{Protocol: "udp", Port: quiet},
		{Protocol: "stun", Port: quiet},
	}}
	tests := []struct {
		name           string
		check          Check
		status, reason string
	}{
		{"knock", Check{Protocol: "udp", Port: good}, facts.StatusPass, ""},
		{"impostor", Check{Protocol: "udp", Port: impostor}, facts.StatusFail, facts.ReasonHijacked},
		{"silence", Check{Protocol: "udp", Port: quiet}, facts.StatusFail, facts.ReasonNoReply},
		{"silent STUN", Check{Protocol: "stun", Port: quiet}, facts.StatusFail, facts.ReasonNoReply},
		{"STUN elsewhere", Check{Protocol: "stun", Host: "127.0.0.1", Port: closedPort(t, "udp")}, facts.StatusFail, facts.ReasonRefused},
		{"TCP", Check{Protocol: "tcp", Host: "127.0.0.1", Port: closedPort(t, "tcp")}, facts.StatusFail, facts.ReasonRefused},
		{"TCP, IPv6", Check{Protocol: "tcp", Host: "::1", Port: closedPort(t, "tcp")}, facts.StatusFail, facts.ReasonRefused},
		{"not served", Check{Protocol: "tls", Port: 443}, facts.StatusNotMeasured, facts.ReasonNotServed},
		{"no such protocol", Check{Protocol: "gopher", Host: "127.0.0.1", Port: 70}, facts.StatusNotMeasured, facts.ReasonUnknown},
		{"no such name", Check{Protocol: "tcp", Host: "nothing.invalid", Port: 70}, facts.StatusFail, facts.ReasonDNS},
		{"bad port", Check{Protocol: "tcp", Host: "127.0.0.1", Port: 70000}, facts.StatusNotMeasured, facts.ReasonUnknown},
	}
	checks := make([]Check, len(tests))
	for i, test := range tests {
		checks[i] = test.check
		checks[i].Name = test.name
	}
	finished := 0
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}}
	rows := Run(t.Context(), checks, Options{Session: session, Resolver: resolver, Done: func(Row) { finished++ }})
	if len(rows) != len(tests) || finished != len(tests) {
		t.Fatalf("got %d rows, %d reported, want %d", len(rows), finished, len(tests))
	}
	for i, row := range rows {
		want := tests[i]
		t.Logf("%-18s %-12s %-10s %s", row.Name, row.Status, row.Reason, row.Detail)
		if row.Name != want.name || row.Status != want.status || row.Reason != want.reason {
			t.Errorf("%s: got %s %s, want %s %s", want.name, row.Status, row.Reason, want.status, want.reason)
		}
		if row.Status == facts.StatusFail && row.Detail == "" {
			t.Errorf("%s: no word of what to do", want.name)
		}
	}
}

func TestNoResponderIsNotMeasured(t *testing.T) {
	t.Parallel()
	rows := Run(t.Context(), []Check{{Name: "a", Protocol: "udp"}, {Name: "b", Protocol: "udp-range", Ports: "16384-65535"}}, Options{})
	for _, row := range rows {
		if row.Status != facts.StatusNotMeasured || row.Reason != facts.ReasonNoResponder {
			t.Errorf("got %+v", row)
		}
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	rows := Run(ctx, []Check{{Name: "a", Protocol: "stun", Host: "127.0.0.1", Port: silentUDP(t)}}, Options{})
	if got := rows[0]; got.Status != facts.StatusNotMeasured || got.Reason != facts.ReasonStopped {
		t.Errorf("got %+v", got)
	}
}

// TestRangeSaysReasonInWords: people read "(no_reply)".
func TestRangeSaysReasonInWords(t *testing.T) {
	tg := target{check: Check{Ports: "16384-65535", Host: "far.example.net"}}
	ports := []int{16384, 20000, 65535}
	for _, reason := range []string{facts.ReasonNoReply, facts.ReasonRefused, facts.ReasonProhibited, facts.ReasonUnreachable, facts.ReasonHijacked, facts.ReasonProtocol, facts.ReasonPCBusy} {
		t.Run(reason, func(t *testing.T) {
			bad := failed(reason, "")
			for want, outcomes := range map[string][]outcome{
				"none of 3 tried ports is open (":           {bad, bad, bad},
				"1 of 3 tried ports is closed: 20000 (":     {passed(""), bad, passed("")},
				"2 of 3 tried ports are closed: 16384, 200": {bad, bad, passed("")},
			} {
				got := tg.rangeVerdict(ports, outcomes).detail
				if !strings.HasPrefix(got, want) || strings.Contains(got, "_") || strings.Contains(got, "("+reason+")") {
					t.Errorf("got %q, want it to begin with %q and to hold words alone", got, want)
				}
			}
		})
	}
}

// --port-range-samples 0 tried the default number of ports.
func TestOnlyEnds(t *testing.T) {
	t.Parallel()
	for samples, want := range map[int]int{0: 2 + DefaultSamples, OnlyEnds: 2, 5: 7} {
		var asked []int
		session := &Session{Nonce: testNonce, Host: "127.0.0.1", Media: "127.0.0.1:9", Open: func(_ context.Context, r wire.PortsRequest) (wire.PortsGrant, error) {
			asked = r.Ports
			return wire.PortsGrant{}, nil
		}}
		Run(t.Context(), []Check{{Protocol: "udp-range", Ports: "16384-65535"}}, Options{Session: session, Samples: samples})
		if len(asked) != want {
			t.Errorf("%d samples: asked for %d ports, want %d", samples, len(asked), want)
		}
	}
}
