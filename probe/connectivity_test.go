package probe

import (
	"strings"
	"testing"
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
		{"cable out", evidence{beyond: true, asked: true}, CodeOffline, NoAddress, "no network interface has an address"},
		{"no gateway", evidence{beyond: true, asked: true, address: true}, CodeOffline, NoRoute, "no route"},
		{"resolver silent, names alone", evidence{beyond: true, asked: true, address: true, route: true, resolver: "192.0.2.53"}, CodeOffline, NoResolver, "192.0.2.53 does not answer"},
		{"all silent", evidence{beyond: true, byAddress: true, asked: true, address: true, route: true}, CodeOffline, NoAnswer, "nothing else answers"},
		{"dead DNS", evidence{beyond: true, byAddress: true, direct: true, asked: true, address: true, route: true}, CodeDNSDead, "", "DNS alone is dead"},
		{"proxy only", evidence{beyond: true, asked: true, address: true, route: true, proxy: "http://p:3128"}, CodeProxyOnly, "", "Only the proxy http://p:3128"},
		{"proxy only, names resolved inside", evidence{beyond: true, asked: true, resolves: true, address: true, route: true, proxy: "http://p:3128"}, CodeProxyOnly, "", "Only the proxy"},
		{"proxy and direct", evidence{beyond: true, direct: true, asked: true, resolves: true, address: true, route: true, proxy: "http://p:3128"}, Online, "", ""},
		{"all well", evidence{beyond: true, direct: true, asked: true, resolves: true, address: true, route: true}, Online, "", ""},
		{"a firewall that lets names through alone", evidence{beyond: true, byAddress: true, asked: true, resolves: true, address: true, route: true}, Online, "", ""},
		{"route of a VPN without an address of its own", evidence{beyond: true, direct: true, asked: true, resolves: true}, Online, "", ""},
	} {
		got := test.e.judge()
		if got.Code != test.code || got.Cause != test.cause || !strings.Contains(got.Text, test.words) {
			t.Errorf("%s: got %+v", test.name, got)
		}
	}
}

// What was refused or answered by somebody else does not follow from a dead network.
func TestWhatFollowsFromConnectivity(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code, status, reason, host string
		want                       bool
	}{
		{CodeOffline, StatusFail, ReasonDNS, "api.example.com", true},
		{CodeOffline, StatusFail, ReasonUnreachable, "192.0.2.1", true},
		{CodeOffline, StatusFail, ReasonNoReply, "192.0.2.1", true},
		{CodeOffline, StatusFail, ReasonNoReply, "127.0.0.1", false},
		{CodeOffline, StatusNotMeasured, CodeUnreachable, "responder", true},
		{CodeOffline, StatusNotMeasured, ReasonNoResponder, "responder", true},
		{CodeDNSDead, StatusFail, ReasonDNS, "api.example.com", true},
		{CodeDNSDead, StatusFail, ReasonNoReply, "192.0.2.1", false},
		{CodeProxyOnly, StatusFail, ReasonDNS, "api.example.com", true},
		{CodeProxyOnly, StatusFail, ReasonRefused, "api.example.com", false},
		{CodeProxyOnly, StatusFail, ReasonIntercepted, "api.example.com", false},
		{CodeProxyOnly, StatusPass, "", "api.example.com", false},
	} {
		if got := follows(test.code, PortRow{Status: test.status, Reason: test.reason, Host: test.host}); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}
