package thresholds

import (
	"strings"
	"testing"

	"netready/probe"
)

// The portal, the proxy and the resolver that lies were in the JSON alone.
func TestSurroundingsAreSaid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		e    probe.Environment
		what string // of the finding; "" none
		text string
	}{
		"nothing":       {probe.Environment{CaptivePortal: new(false), DNS: []probe.DNSAnswer{{Name: "a.test", Addresses: []string{"192.0.2.1"}}}}, "", ""},
		"portal":        {probe.Environment{CaptivePortal: new(true)}, "captive_portal", "log-in"},
		"proxy":         {probe.Environment{Proxy: "http://10.0.0.1:3128", ProxySource: "environment"}, "proxy", "http://10.0.0.1:3128"},
		"no such name":  {probe.Environment{DNS: []probe.DNSAnswer{{Name: "a.test", Reason: "there is no such name"}}}, "", ""},
		"hijacked":      {probe.Environment{DNS: []probe.DNSAnswer{{Name: "a.test", Addresses: []string{"10.0.0.1"}, Code: probe.DNSHijacked, Reason: "hijacked: 10.0.0.1"}}}, "dns", "a.test (hijacked"},
		"split horizon": {probe.Environment{DNS: []probe.DNSAnswer{{Name: "a.test", Addresses: []string{"10.0.0.1"}, Code: probe.DNSSplitHorizon, Reason: "split horizon: 10.0.0.1"}}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := judge{result: probe.Result{Environment: test.e}}
			j.surroundings()
			switch {
			case test.what == "" && len(j.findings) == 0:
			case len(j.findings) != 1 || j.findings[0].What != test.what || j.findings[0].Level != Warn || !strings.Contains(j.findings[0].Text, test.text) || j.findings[0].Advice == "":
				t.Errorf("got %+v", j.findings)
			}
		})
	}
}
