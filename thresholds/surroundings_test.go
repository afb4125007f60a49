package thresholds

import (
	"strings"
	"testing"

	"netready/probe/facts"
)

// The portal, the proxy and the resolver that lies were only in the JSON.
func TestSurroundingsAreSaid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		e    facts.Environment
		what string // of the finding; "" none
		text string
	}{
		"nothing":       {facts.Environment{CaptivePortal: new(false), DNS: []facts.DNSAnswer{{Name: "a.test", Addresses: []string{"192.0.2.1"}}}}, "", ""},
		"portal":        {facts.Environment{CaptivePortal: new(true)}, "captive_portal", "log-in"},
		"proxy":         {facts.Environment{Proxy: "http://10.0.0.1:3128", ProxySource: "environment"}, "proxy", "http://10.0.0.1:3128"},
		"no such name":  {facts.Environment{DNS: []facts.DNSAnswer{{Name: "a.test", Reason: "there is no such name"}}}, "", ""},
		"hijacked":      {facts.Environment{DNS: []facts.DNSAnswer{{Name: "a.test", Addresses: []string{"10.0.0.1"}, Code: facts.DNSHijacked, Reason: "hijacked: 10.0.0.1"}}}, "dns", "a.test (hijacked"},
		"split horizon": {facts.Environment{DNS: []facts.DNSAnswer{{Name: "a.test", Addresses: []string{"10.0.0.1"}, Code: facts.DNSSplitHorizon, Reason: "split horizon: 10.0.0.1"}}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := judge{result: facts.Result{Environment: test.e}}
			j.surroundings()
			switch {
			case test.what == "" && len(j.findings) == 0:
			case len(j.findings) != 1 || j.findings[0].What != test.what || j.findings[0].Level != Warn || !strings.Contains(j.findings[0].Text, test.text) || j.findings[0].Advice == "":
				t.Errorf("got %+v", j.findings)
			}
		})
	}
}

// A call to a responder of another region passed as one to the region that was asked for.
func TestAnotherRegionIsSaid(t *testing.T) {
	t.Parallel()
	r := facts.Result{Region: facts.Region{ID: "eu-west-1", ResponderRegion: "eu-central-1"}, Complete: true}
	findings := Default().Judge(r)
	f := finding(t, r, WhatRegion)
	if f.Level != Warn || !strings.Contains(f.Text, "eu-central-1, and not in eu-west-1") || f.Advice == "" {
		t.Errorf("got %+v", f)
	}
	if said := Headline(Ready, findings, r); !strings.Contains(said, "The responder says that it is in region eu-central-1") {
		t.Errorf("the headline is %q", said)
	}
}
