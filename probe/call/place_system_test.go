//go:build system && linux

package call_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"netready/probe/facts"
	"netready/probe/internal/netlab"
	"netready/thresholds"
)

// Losses planted at one place of a real path, and who is blamed for them: the LAN and the
// gateway's limits were taken for the provider.
func TestWhomARunBlamesForLosses(t *testing.T) {
	const (
		// What comes from the client's side and goes there, the gateway's own answers
		// included.
		lanUp   = "chain lu { type filter hook prerouting priority 0; iifname f1 meta l4proto { udp, icmp } %s drop\n}\n"
		lanDown = "chain ld { type filter hook postrouting priority 0; oifname f1 meta l4proto { udp, icmp } %s drop\n}\n"
		// What the gateway passes on.
		up    = "chain u { type filter hook forward priority 0; oifname f2 meta l4proto udp %s drop\n}\n"
		some  = "numgen random mod 100 < 8"
		pings = "chain p { type filter hook input priority 0; icmp type echo-request %s\n}\n"
	)
	for name, test := range map[string]struct {
		rules string
		want  string // place in the finding about the cause; "": no such finding
	}{
		"nothing wrong":                    {"", ""},
		"LAN, up":                          {fmt.Sprintf(lanUp, some), thresholds.PlaceLAN},
		"LAN, down":                        {fmt.Sprintf(lanDown, some), thresholds.PlaceLAN},
		"behind, up":                       {fmt.Sprintf(up, some), thresholds.PlaceBeyond},
		"behind, the gateway limits pings": {fmt.Sprintf(up, some) + fmt.Sprintf(pings, "limit rate over 4/second burst 1 packets drop"), thresholds.PlaceUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := assess(t, test.rules)
			for range 2 { // a busy machine spoils a run, which then says so and blames nobody
				if len(r.Voice.Up.Unreliable)+len(r.Voice.Down.Unreliable) > 0 {
					r = assess(t, test.rules)
				}
			}
			var lost, cause string
			for _, f := range r.Findings {
				if f.What == thresholds.WhatCause {
					lost, cause = f.Text, f.Code
				}
			}
			spoilt := len(r.Voice.Up.Unreliable)+len(r.Voice.Down.Unreliable) > 0 // then nobody has to be blamed
			if cause != test.want && (!spoilt || cause != "") {
				t.Errorf("blamed %q (%s), want %q; pings %+v", cause, lost, test.want, r.Ping)
			}
			t.Logf("%-34s %-9s %s %v %v", name, cause, lost, r.Voice.Up.Unreliable, r.Voice.Down.Unreliable)
		})
	}
}

// judged is what a run prints, as far as it matters here.
type judged struct {
	facts.Result

	Findings []thresholds.Finding `json:"findings"`
}

// assess runs the real programs across a lab whose firewall has these rules.
func assess(t *testing.T, rules string) judged {
	t.Helper()
	lab, dir := netlab.New(t), t.TempDir()
	invite := filepath.Join(dir, "invite")
	lab.Start(t, "s", "https://", nil, filepath.Join(programs, "netready-responder"), "--control", netlab.Server+":8443",
		"--media", netlab.Server+":40000", "--advertise", netlab.Server+":8443", "--ports", "none", "--data", dir, "--invite-file", invite)
	if rules != "" {
		lab.Rules(t, "table ip t {\n"+rules+"}\n")
	}
	c := exec.CommandContext(t.Context(), "ip", "netns", "exec", lab.NS("c"), filepath.Join(programs, "netready"), "run",
		"--responder", "@"+invite, "--duration", "10s", "--only", "voice,ping", "--json", "--out", t.TempDir())
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output() // its status is the verdict
	var r judged
	if jsonErr := json.Unmarshal(out, &r); jsonErr != nil {
		t.Fatalf("%v, %v\n%s", err, jsonErr, said.String())
	}
	return r
}
