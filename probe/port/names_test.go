package port

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"netready/probe/facts"

	"github.com/miekg/dns"
)

// nameServer answers queries for addresses with say; nil: there is no such name.
func nameServer(t *testing.T, say func(name string) net.IP) netip.AddrPort {
	t.Helper()
	c, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: c, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		m.RecursionAvailable = true
		switch ip := say(q.Question[0].Name); {
		case ip == nil:
			m.Rcode = dns.RcodeNameError
		case q.Question[0].Qtype == dns.TypeA:
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: ip}}
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// If something answers at an address that the resolver gives for every name, it is a page
// of the resolver's own: a connection to it passed for one to the service.
func TestResolverThatInvents(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	here := net.IPv4(127, 0, 0, 1)
	for name, test := range map[string]struct {
		say    func(name string) net.IP
		lookup string // reason of a check by name
		ask    string // reason of a check of the resolver
	}{
		"honest": {func(name string) net.IP {
			if name == "service.test." {
				return here
			}
			return nil
		}, "", ""},
		"invents": {func(string) net.IP { return here }, facts.ReasonHijacked, facts.ReasonHijacked},
		"invents another's": {func(name string) net.IP {
			if name == "service.test." {
				return here
			}
			return net.IPv4(192, 0, 2, 1)
		}, "", facts.ReasonHijacked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := nameServer(t, test.say)
			resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, server.String())
			}}
			rows := Run(t.Context(), []Check{
				{Name: "by name", Protocol: "tcp", Host: "service.test", Port: l.Addr().(*net.TCPAddr).Port},
				{Name: "resolver", Protocol: "dns", Host: "127.0.0.1", Port: int(server.Port())},
			}, Options{Resolver: resolver})
			if rows[0].Reason != test.lookup || rows[1].Reason != test.ask {
				t.Errorf("got %q, %q: %s; %s", rows[0].Reason, rows[1].Reason, rows[0].Detail, rows[1].Detail)
			}
		})
	}
}
