package probe

import (
	"strings"
	"testing"

	"netready/probe/facts"
)

// A computer without a network was told to have its DNS resolve three names.
func TestConnectivityNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		e           evidence
		code, cause string
		words       string
	}{
		{"only itself", evidence{}, "", "", "Nothing outside"},
		{"cable out", evidence{outside: true, asked: true}, facts.CodeOffline, facts.NoAddress, "no network interface has an address"},
		{"no gateway", evidence{outside: true, asked: true, address: true}, facts.CodeOffline, facts.NoRoute, "no route"},
		{"resolver silent, names alone", evidence{outside: true, asked: true, address: true, route: true, resolver: "192.0.2.53"}, facts.CodeOffline, facts.NoResolver, "192.0.2.53 does not answer"},
		{"all silent", evidence{outside: true, byAddress: true, asked: true, address: true, route: true}, facts.CodeOffline, facts.NoAnswer, "nothing else answers"},
		{"dead DNS", evidence{outside: true, byAddress: true, direct: true, asked: true, address: true, route: true}, facts.CodeDNSDead, "", "DNS alone is dead"},
		{"proxy only", evidence{outside: true, asked: true, address: true, route: true, proxy: "http://p:3128"}, facts.CodeProxyOnly, "", "Only the proxy http://p:3128"},
		{"proxy only, names resolved inside", evidence{outside: true, asked: true, resolves: true, address: true, route: true, proxy: "http://p:3128"}, facts.CodeProxyOnly, "", "Only the proxy"},
		{"proxy only, and all else is refused", evidence{outside: true, refused: true, byAddress: true, asked: true, address: true, route: true, proxy: "http://p:3128"}, facts.CodeProxyOnly, "", "Only the proxy"},
		{"all is refused, no proxy", evidence{outside: true, refused: true, asked: true, resolves: true, address: true, route: true}, facts.Online, "", ""},
		{"dead DNS, the rest is refused", evidence{outside: true, refused: true, asked: true, address: true, route: true}, facts.CodeDNSDead, "", ""},
		{"proxy and direct", evidence{outside: true, direct: true, asked: true, resolves: true, address: true, route: true, proxy: "http://p:3128"}, facts.Online, "", ""},
		{"all well", evidence{outside: true, direct: true, asked: true, resolves: true, address: true, route: true}, facts.Online, "", ""},
		{"a firewall that lets names through alone", evidence{outside: true, byAddress: true, asked: true, resolves: true, address: true, route: true}, facts.Online, "", ""},
		{"route of a VPN without an address of its own", evidence{outside: true, direct: true, asked: true, resolves: true}, facts.Online, "", ""},
	} {
		got := test.e.judge()
		if got.Code != test.code || got.Cause != test.cause || !strings.Contains(got.Text, test.words) {
			t.Errorf("%s: got %+v", test.name, got)
		}
	}
}

// An answer from somebody else does not follow from a dead network; a refusal does where
// only a proxy leads out.
func TestWhatFollowsFromConnectivity(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code, status, reason, host string
		want                       bool
	}{
		{facts.CodeOffline, facts.StatusFail, facts.ReasonDNS, "api.example.com", true},
		{facts.CodeOffline, facts.StatusFail, facts.ReasonUnreachable, "192.0.2.1", true},
		{facts.CodeOffline, facts.StatusFail, facts.ReasonNoReply, "192.0.2.1", true},
		{facts.CodeOffline, facts.StatusFail, facts.ReasonNoReply, "127.0.0.1", false},
		{facts.CodeOffline, facts.StatusNotMeasured, facts.CodeUnreachable, "responder", true},
		{facts.CodeOffline, facts.StatusNotMeasured, facts.ReasonNoResponder, "responder", true},
		{facts.CodeDNSDead, facts.StatusFail, facts.ReasonDNS, "api.example.com", true},
		{facts.CodeDNSDead, facts.StatusFail, facts.ReasonNoReply, "192.0.2.1", false},
		{facts.CodeProxyOnly, facts.StatusFail, facts.ReasonDNS, "api.example.com", true},
		{facts.CodeProxyOnly, facts.StatusFail, facts.ReasonRefused, "api.example.com", true},
		{facts.CodeProxyOnly, facts.StatusFail, facts.ReasonProhibited, "api.example.com", true},
		{facts.CodeOffline, facts.StatusFail, facts.ReasonRefused, "api.example.com", false},
		{facts.CodeProxyOnly, facts.StatusFail, facts.ReasonIntercepted, "api.example.com", false},
		{facts.CodeProxyOnly, facts.StatusPass, "", "api.example.com", false},
	} {
		if got := follows(test.code, facts.PortRow{Status: test.status, Reason: test.reason, Host: test.host}); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}
