package port

import "fmt"

// usual is where a responder serves a protocol unless its operator says
// otherwise: its media port, and the list "standard" of its other ports.
var usual = map[string]int{
	"udp": 40000, "tcp": 3478, "tls": 443, "https": 443, "http": 80,
	"stun": 3478, "stun-tcp": 3478, "stun-tls": 443, "turn": 3478, "turn-tcp": 3478, "turn-tls": 443,
	"dns": 53, "dns-tcp": 53, "sip": 5060, "sip-tcp": 5060, "sip-tls": 5061, "ntp": 123,
}

// Usual is the port of a responder where it serves a protocol unless its
// operator says otherwise; 0: there is none.
func Usual(protocol string) int { return usual[protocol] }

// place names the port of a row that waits for the responder to say it, where
// there is none: a row without a port is nothing to ask a network team for.
func (c *Check) place(o *outcome) {
	if c.Port != 0 || c.Ports != "" || usual[c.Protocol] == 0 {
		return
	}
	c.Port = usual[c.Protocol]
	o.detail += fmt.Sprintf("; a responder's usual port for it is %d", c.Port)
}
