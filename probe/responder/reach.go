package responder

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"netready/probe/internal/wire"
)

// A kind of address. Most are of the public Internet; the others belong to one link, one
// site or nobody (RFC 6890). Answers to such an address could attack hosts that the
// client itself cannot reach.
type kind int

const (
	public kind = iota
	loopback
	linkLocal
	private  // RFC 1918, RFC 4193
	shared   // RFC 6598, between providers and their customers
	reserved // documentation, benchmarks, protocols: no host has such an address
	nobodys  // broadcast, multicast, "this network": never a single host
)

// kinds are the special-purpose blocks of the IANA registries, the narrower first.
var kinds = []struct {
	prefix netip.Prefix
	kind   kind
}{
	{netip.MustParsePrefix("0.0.0.0/8"), nobodys},
	{netip.MustParsePrefix("255.255.255.255/32"), nobodys},
	{netip.MustParsePrefix("224.0.0.0/4"), nobodys},
	{netip.MustParsePrefix("240.0.0.0/4"), nobodys},
	{netip.MustParsePrefix("127.0.0.0/8"), loopback},
	{netip.MustParsePrefix("169.254.0.0/16"), linkLocal},
	{netip.MustParsePrefix("10.0.0.0/8"), private},
	{netip.MustParsePrefix("172.16.0.0/12"), private},
	{netip.MustParsePrefix("192.168.0.0/16"), private},
	{netip.MustParsePrefix("100.64.0.0/10"), shared},
	{netip.MustParsePrefix("192.0.0.0/24"), reserved},
	{netip.MustParsePrefix("192.0.2.0/24"), reserved},
	{netip.MustParsePrefix("198.51.100.0/24"), reserved},
	{netip.MustParsePrefix("203.0.113.0/24"), reserved},
	{netip.MustParsePrefix("198.18.0.0/15"), reserved},
	{netip.MustParsePrefix("192.88.99.0/24"), reserved},
	{netip.MustParsePrefix("::/128"), nobodys},
	{netip.MustParsePrefix("ff00::/8"), nobodys},
	{netip.MustParsePrefix("::1/128"), loopback},
	{netip.MustParsePrefix("fe80::/10"), linkLocal},
	{netip.MustParsePrefix("fec0::/10"), private},
	{netip.MustParsePrefix("fc00::/7"), private},
	{netip.MustParsePrefix("::/96"), reserved},
	{netip.MustParsePrefix("64:ff9b::/96"), reserved}, // an IPv4 address within, of whatever kind
	{netip.MustParsePrefix("64:ff9b:1::/48"), reserved},
	{netip.MustParsePrefix("100::/64"), reserved},
	{netip.MustParsePrefix("2001::/23"), reserved},
	{netip.MustParsePrefix("2001:db8::/32"), reserved},
	{netip.MustParsePrefix("2002::/16"), reserved}, // an IPv4 address within
	{netip.MustParsePrefix("3fff::/20"), reserved},
	{netip.MustParsePrefix("5f00::/16"), reserved},
}

func kindOf(a netip.Addr) kind {
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return nobodys
	}
	for _, k := range kinds {
		if k.prefix.Contains(a) {
			return k.kind
		}
	}
	return public
}

// reachable says whether a datagram from an address may be answered in a session whose
// control connection comes from another address. Any public address may: it must be
// proved before it is sent more than came from it. A special-purpose address may only if
// the client has one of that kind, and never one of several hosts.
func reachable(to netip.AddrPort, client netip.Addr) bool {
	if to.Port() == 0 {
		return false
	}
	switch k := kindOf(to.Addr()); k {
	case public:
		return true
	case nobodys:
		return false
	default:
		return k == kindOf(client)
	}
}

// mayReach is reachable, without the broadcast addresses of this host's networks.
func (s *Server) mayReach(to netip.AddrPort, client netip.Addr) bool {
	return reachable(to, client) && !s.networks.has(to.Addr().Unmap())
}

// mayAnswer says whether a question of a firewall check may be answered, perhaps again:
// repeated questions and copies by the network are answered; a flood of replays, which
// may have the address of a victim, is not. from is zero over TCP.
func (s *Server) mayAnswer(id wire.KnockID, question [16]byte, from netip.AddrPort) bool {
	session := s.sessionOf(id)
	if session == nil || from.IsValid() && !s.mayReach(from, session.client) {
		return false
	}
	return session.mayAnswer(asked{question, !from.IsValid() || from.Addr().Unmap() == session.client})
}

// broadcasts are the addresses of all hosts of a network that this host is in: its last
// address, and its first, which old systems use.
type broadcasts struct {
	mu    sync.Mutex // guards the rest
	read  time.Time
	known map[netip.Addr]bool
}

// interfacesStay is how long the list of this host's networks is used.
const interfacesStay = time.Minute

func (b *broadcasts) has(a netip.Addr) bool {
	if !a.Is4() {
		return false // IPv6 has none
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); b.known == nil || now.Sub(b.read) > interfacesStay {
		b.read, b.known = now, ownBroadcasts()
	}
	return b.known[a]
}

func ownBroadcasts() map[netip.Addr]bool {
	all := map[netip.Addr]bool{}
	addresses, _ := net.InterfaceAddrs() // where they cannot be read, the kernel still refuses to send
	for _, a := range addresses {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || !p.Addr().Is4() || p.Bits() > 30 { // a link of two hosts has none (RFC 3021)
			continue
		}
		first := p.Masked().Addr()
		last := first.As4()
		for bit := p.Bits(); bit < 32; bit++ {
			last[bit/8] |= 0x80 >> (bit % 8)
		}
		all[first], all[netip.AddrFrom4(last)] = true, true
	}
	return all
}
