package facts

import (
	"slices"
	"strings"
)

// A Protocol is one that a row of the firewall column can check. This table is the one
// place that lists them; probe/port has the code of each.
type Protocol struct {
	Name      string // as in a regions file and in PortRow.Protocol
	Transport string // TCP or UDP, as firewall rules call it
	Words     string // for people, after the transport; "" if the transport is enough
	Port      int    // the responder's default port for it; 0: none
}

var protocols = []Protocol{
	{"tcp", "TCP", "", 3478},
	{"tls", "TCP", "TLS", 443},
	{"https", "TCP", "HTTPS", 443},
	{"http", "TCP", "HTTP", 80},
	{"stun", "UDP", "STUN", 3478},
	{"stun-tcp", "TCP", "STUN", 3478},
	{"stun-tls", "TCP", "STUN over TLS", 443},
	{"turn", "UDP", "TURN", 3478},
	{"turn-tcp", "TCP", "TURN", 3478},
	{"turn-tls", "TCP", "TURN over TLS", 443},
	{"dns", "UDP", "DNS", 53},
	{"dns-tcp", "TCP", "DNS", 53},
	{"sip", "UDP", "SIP", 5060},
	{"sip-tcp", "TCP", "SIP", 5060},
	{"sip-tls", "TCP", "SIP over TLS", 5061},
	{"ntp", "UDP", "NTP", 123},
	{"udp", "UDP", "", 40000}, // the responder's media port
	{"udp-range", "UDP", "", 0},
}

// Protocols lists the names of all protocols.
func Protocols() []string {
	names := make([]string, 0, len(protocols))
	for _, p := range protocols {
		names = append(names, p.Name)
	}
	return names
}

// Spoken is what a protocol speaks, whatever carries it: stun, of stun-tls; udp, of udp-range.
func Spoken(name string) string {
	spoken, _, _ := strings.Cut(name, "-")
	return spoken
}

// FindProtocol is the protocol with this name. An unknown one (in the result of a later
// version) counts as TCP.
func FindProtocol(name string) (p Protocol, known bool) {
	i := slices.IndexFunc(protocols, func(p Protocol) bool { return p.Name == name })
	if i < 0 {
		return Protocol{Name: name, Transport: "TCP"}, false
	}
	return protocols[i], true
}
