package port

import (
	"strconv"
	"strings"
	"testing"

	"netready/probe/facts"
	"netready/probe/responder/listen"
)

// Without a responder the row of the media port had neither port nor ports.
func TestEveryRowNamesItsPort(t *testing.T) {
	t.Parallel()
	var checks []Check
	for protocol := range methods {
		check := Check{Name: protocol, Protocol: protocol, Host: "responder"}
		if protocol == "udp-range" {
			check.Ports = "16384-65535"
		}
		checks = append(checks, check)
	}
	for name, session := range map[string]*Session{
		"no responder":              nil,
		"a responder without ports": {Nonce: testNonce, Host: "127.0.0.1", Media: "unreadable"},
	} {
		for _, row := range Run(t.Context(), checks, Options{Session: session}) {
			if row.Status != facts.StatusNotMeasured || row.Port == 0 && row.Ports == "" {
				t.Errorf("%s: got %+v, want a row that is not measured and has a port", name, row)
			}
			if row.Ports == "" && !strings.Contains(row.Detail, "usual") {
				t.Errorf("%s: %s does not say whose port that is: %q", name, row.Name, row.Detail)
			}
		}
	}
	rows := Run(t.Context(), []Check{{Name: "STUN", Protocol: "stun", Port: 19302}}, Options{})
	if rows[0].Port != 19302 || strings.Contains(rows[0].Detail, "usual") {
		t.Errorf("a row with a port of its own: got %+v", rows[0])
	}
}

// Every protocol that a regions file may name is implemented, and no other.
func TestEveryProtocolIsSpoken(t *testing.T) {
	for _, protocol := range facts.Protocols() {
		if methods[protocol] == nil {
			t.Errorf("there is no check that speaks %s: add one to methods", protocol)
		}
	}
	for protocol := range methods {
		if _, known := facts.FindProtocol(protocol); !known {
			t.Errorf("%s is not in the table of probe/facts/protocol.go", protocol)
		}
	}
}

// The usual ports are those that a responder opens by itself.
func TestUsualPortsAreStandard(t *testing.T) {
	ports, err := listen.ParseSpec(listen.Standard)
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, p := range ports {
		for _, protocol := range listen.Speaks(p.Transport) {
			served[protocol+" "+strconv.Itoa(p.Number)] = true
		}
	}
	for _, protocol := range []string{"tcp", "tls", "stun", "stun-tcp", "stun-tls", "dns", "dns-tcp", "sip", "sip-tcp", "sip-tls"} {
		if !served[protocol+" "+strconv.Itoa(Usual(protocol))] {
			t.Errorf("%s: %d is not in the list standard", protocol, Usual(protocol))
		}
	}
}
