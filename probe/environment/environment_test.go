package environment

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"netready/probe/facts"

	"github.com/miekg/dns"
)

func TestOdd(t *testing.T) {
	tests := []struct {
		name, address string
		invented      []string
		want          bool
	}{
		{"public", "93.184.216.34", nil, false},
		{"public IPv6", "2606:2800:220:1::1", nil, false},
		{"private", "10.1.2.3", nil, true},
		{"loopback", "127.0.0.1", nil, true},
		{"nowhere", "0.0.0.0", nil, true},
		{"what the resolver invents", "93.184.216.34", []string{"93.184.216.34"}, true},
	}
	for _, test := range tests {
		if _, got := odd(facts.DNSAnswer{Addresses: []string{test.address}}, test.invented); (got != "") != test.want {
			t.Errorf("%s: got %q", test.name, got)
		}
	}
}

func TestProxyOfTheEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://user:secret@proxy.example:3128")
	t.Setenv("NO_PROXY", "")
	address, source := proxyTo(t.Context(), Options{Hosts: []string{"api.example.com"}})
	if address != "http://proxy.example:3128" || source != "environment" {
		t.Errorf("got %q from %q", address, source)
	}
}

func TestCaptivePortal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, location string
		status         int
		want           string
	}{
		{"service", "https://api.example.com/", 301, "no"},
		{"another name of the service", "https://login.example.com/", 302, "no"},
		{"portal", "http://wifi.hotel.test/login", 302, "yes"},
		{"portal by address", "http://10.0.0.1/", 307, "yes"},
		{"says so", "", 511, "yes"},
		{"nothing told", "", 200, "unknown"},
	}
	for _, test := range tests {
		got := "unknown"
		if is := judgePage(test.status, test.location, "api.example.com"); is != nil {
			got = map[bool]string{true: "yes", false: "no"}[*is]
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	portal := httptest.NewServer(http.RedirectHandler("http://wifi.hotel.test/", http.StatusFound))
	t.Cleanup(portal.Close)
	if is, reason := captive(t.Context(), Options{Portal: portal.URL, Resolver: net.DefaultResolver}); is == nil || !*is || reason != "" {
		t.Errorf("a portal was not seen: %q", reason)
	}
}

// It was null without a reason where nothing told.
func TestNoPortalKnownHasAReason(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, test := range []struct {
		name, portal string
		ctx          context.Context
		want         string
	}{
		{"no host", "", t.Context(), "no host"},
		{"neither", plain.URL, t.Context(), "status 404"},
		{"refused", gone.URL, t.Context(), "refused"},
		{"stopped", plain.URL, stopped, "was stopped"},
		{"no address", "http://%zz/", t.Context(), "invalid URL"},
	} {
		is, reason := captive(test.ctx, Options{Portal: test.portal, Resolver: net.DefaultResolver})
		if is != nil || !strings.Contains(reason, test.want) {
			t.Errorf("%s: got %v, %q, want %q", test.name, is, reason, test.want)
		}
	}
}

// resolver asks a DNS server of the test's own, which answers A with address,
// or with "no such name" for those that cannot exist.
func resolver(t *testing.T, address string, invent bool) *net.Resolver {
	t.Helper()
	pc, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, m *dns.Msg) {
		answer := new(dns.Msg).SetReply(m)
		answer.RecursionAvailable = true
		switch {
		case dns.IsSubDomain("invalid.", m.Question[0].Name) && !invent:
			answer.Rcode = dns.RcodeNameError
		case m.Question[0].Qtype == dns.TypeA:
			rr, _ := dns.NewRR(m.Question[0].Name + " 1 IN A " + address)
			answer.Answer = []dns.RR{rr}
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	hosts := []string{"api.example.com.", "login.example.com."}
	honest := lookups(t.Context(), Options{Hosts: hosts, Resolver: resolver(t, "93.184.216.34", false)})
	if len(honest) != 2 || honest[0].Reason != "" || len(honest[0].Addresses) != 1 || honest[0].ElapsedMS <= 0 {
		t.Errorf("honest: got %+v", honest)
	}
	liar := lookups(t.Context(), Options{Hosts: hosts, Resolver: resolver(t, "203.0.113.80", true)})
	if len(liar) != 3 || liar[0].Reason == "" || liar[2].Reason == "" {
		t.Errorf("liar: got %+v", liar)
	}
	inside := lookups(t.Context(), Options{Hosts: hosts, Resolver: resolver(t, "10.0.0.8", false)})
	if len(inside) != 2 || inside[0].Reason == "" {
		t.Errorf("inside: got %+v", inside)
	}
}

func TestNothingIsSentWithoutHosts(t *testing.T) {
	r := Run(t.Context(), Options{})
	if len(r.DNS) != 0 || r.CaptivePortal != nil || r.IPv4 == nil || r.IPv6 == nil {
		t.Errorf("got %+v", r)
	}
}
