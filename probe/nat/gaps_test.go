package nat

import (
	"encoding/json"
	"testing"

	"netready/probe/facts"
)

// Where there is no NAT, survives_30s was null without a reason.
func TestNATGapsHaveReasons(t *testing.T) {
	yes, no := new(true), new(false)
	for _, test := range []struct {
		name         string
		nat          facts.NAT
		sip, silence string
		want         map[string]string
	}{
		{"all measured", facts.NAT{Behind: yes, Mapping: "endpoint_independent", PortKept: yes, Survives30s: yes, SIPALG: no}, "", "", map[string]string{}},
		{"no NAT", facts.NAT{Behind: no, Mapping: "none", PortKept: yes, SIPALG: no}, "", "", map[string]string{}},
		{"no SIP, a short call", facts.NAT{Behind: yes, Mapping: "endpoint_independent", PortKept: no}, "no SIP", "too short", map[string]string{
			"nat.sip_alg": "no SIP", "nat.survives_30s": "too short",
		}},
		{"one place to ask", facts.NAT{Behind: yes, PortKept: no, Survives30s: no, SIPALG: no, Reason: "one answered"}, "", "", map[string]string{"nat.mapping": "one answered"}},
		{"SIP alone answered", facts.NAT{SIPALG: no, Reason: "no answer over UDP"}, "", "", map[string]string{
			"nat.behind": "no answer over UDP", "nat.mapping": "no answer over UDP", "nat.port_kept": "no answer over UDP", "nat.survives_30s": "no answer over UDP",
		}},
		{"no responder", facts.NAT{Reason: "no responder"}, "", "", map[string]string{"nat": "no responder"}},
		{"stopped", facts.NAT{}, "", "", map[string]string{"nat": "the run was stopped before it"}},
	} {
		found := Result{NAT: test.nat, SIPReason: test.sip, SilenceReason: test.silence}
		gaps := found.Gaps()
		said := map[string]string{}
		for _, gap := range gaps {
			said[gap.What] = gap.Reason
		}
		if len(said) != len(gaps) || len(said) != len(test.want) {
			t.Errorf("%s: got %v, want %v", test.name, gaps, test.want)
		}
		for what, reason := range test.want {
			if said[what] != reason {
				t.Errorf("%s: %s: got %q, want %q", test.name, what, said[what], reason)
			}
		}
		if said["nat"] != "" {
			continue
		}
		// Whatever is null in the JSON is named.
		document, err := json.Marshal(found.NAT)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(document, &fields); err != nil {
			t.Fatal(err)
		}
		for name, value := range fields {
			if value == nil && said["nat."+name] == "" && fields["reason"] == "" {
				t.Errorf("%s: %s is null without a reason", test.name, name)
			}
		}
	}
}
