package listen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Port is one entry of a spec.
type Port struct {
	Transport string // udp, tcp or tls
	Number    int    // 0: any that is free
	optional  bool   // from "standard": skipped where it cannot be opened
}

func (p Port) String() string { return fmt.Sprintf("%s:%d", p.Transport, p.Number) }

// Standard is what a client of the service uses: HTTPS, STUN, DNS and SIP.
const Standard = "tls:443,udp:3478,tcp:3478,udp:19302,tcp:19302,udp:53,tcp:53," +
	"udp:5060,tcp:5060,tls:5061,udp:8060,tcp:8060,tls:8061"

// transports lists the protocols that a port of each transport speaks. It
// tells them apart by their first bytes.
var transports = map[string][]string{
	"udp": {"udp", "stun", "dns", "sip"},
	"tcp": {"tcp", "stun-tcp", "dns-tcp", "sip-tcp"},
	"tls": {"tls", "stun-tls", "sip-tls"},
}

// Speaks lists the protocols of a transport.
func Speaks(transport string) []string { return transports[transport] }

// ParseSpec reads a list of ports: "udp:3478,tls:443". Instead of a transport
// it takes a protocol that the transport carries ("stun:3478"); the word
// "standard" means the list Standard, whose ports are skipped where they cannot be
// opened.
func ParseSpec(spec string) ([]Port, error) {
	var ports []Port
	seen := map[string]bool{}
	for entry := range strings.SplitSeq(spec, ",") {
		entry = strings.ToLower(strings.TrimSpace(entry))
		var add []Port
		var err error
		switch entry {
		case "", "none":
		case "standard":
			if add, err = ParseSpec(Standard); err != nil {
				return nil, err
			}
			for i := range add {
				add[i].optional = true
			}
		default:
			var p Port
			if p, err = parsePort(entry); err != nil {
				return nil, err
			}
			add = []Port{p}
		}
		for _, p := range add {
			if p.Number == 0 || !seen[p.String()] {
				seen[p.String()] = true
				ports = append(ports, p)
			}
		}
	}
	return ports, nil
}

func parsePort(entry string) (Port, error) {
	word, number, found := strings.Cut(entry, ":")
	n, err := strconv.Atoi(number)
	if !found || err != nil || n < 0 || n > 65535 {
		return Port{}, fmt.Errorf("reading the ports: %q is not of the form udp:3478, tcp:3478 or tls:443", entry)
	}
	for transport, protocols := range transports {
		if slices.Contains(protocols, word) {
			return Port{Transport: transport, Number: n}, nil
		}
	}
	return Port{}, fmt.Errorf("reading the ports: %q is not a transport (use udp, tcp or tls, or the word standard)", word)
}
