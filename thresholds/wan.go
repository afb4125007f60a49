package thresholds

import (
	"net/netip"

	"netready/probe/facts"
)

// What stands in a finding about the cause in the place of line and provider, where the far
// end has a private address.
const (
	whereWAN  = "the private network between the gateway and the far end: a wide-area network (MPLS, SD-WAN), a VPN between sites, or another segment of your own"
	adviceWAN = "Ask the network team for the counters of the gateway, and of the routers, links and tunnels between it and the far end; then whoever supplies these, with this report. " +
		"A provider of Internet access is at fault only where a tunnel runs over its line."
	showWAN = "the network team, and then to whoever supplies its wide-area network"
	seenWAN = ", and the far end has a private address, which no provider of Internet access routes"
)

// isPrivateFar says that the far end has a private address (RFC 1918, RFC 4193), or one that
// no public network routes either (RFC 6598), in another network than this PC's own: the way
// to it is a company's, not the Internet's.
func (j *judge) isPrivateFar() bool {
	at, err := netip.ParseAddrPort(j.result.Path.Target)
	if err != nil || j.isDirect() {
		return false
	}
	return facts.ScopeOf(at.Addr()) != facts.ScopePublic
}

// placed is a rule as it is told of this result. Its place stays the line or the provider: it
// is as far away. But on the way to a private address that line, and who provides it, is a
// private network's and not the Internet's, and somebody else knows its counters.
func (j *judge) placed(r *rule) (told *rule, seen string) {
	if !j.isPrivateFar() || r.Place != PlaceLine && r.Place != PlaceBeyond {
		return r, ""
	}
	other := *r
	other.Where = whereWAN
	if r.Show != showNetwork { // else what it advises is for the network team already
		other.Advice = adviceWAN
	}
	other.Show = showWAN
	return &other, seenWAN
}

// supplier is whom to ask about what lies behind the gateway.
func (j *judge) supplier() string {
	if j.isPrivateFar() {
		return "the network team, and whoever supplies its wide-area network or VPN,"
	}
	return "the provider"
}

// secondPrivate is the first router behind the gateway with a private address of another
// network than the gateway's, nil where there is none: one may translate addresses
// there as well as at the gateway. On the way to a private far end all routers are such.
func (j *judge) secondPrivate() *facts.Hop {
	if j.isPrivateFar() || j.isDirect() {
		return nil
	}
	gateway, at := j.result.Machine.Interface.Gateway, 1
	for _, h := range j.result.Path.Hops {
		if h.Role == facts.HopGateway {
			at = h.TTL
			if h.Address != "" {
				gateway = h.Address
			}
		}
	}
	for i, h := range j.result.Path.Hops {
		if h.TTL > at && h.Role != facts.HopFarEnd && isPrivate(&h) && !isSameNetwork(h.Address, gateway) {
			return &j.result.Path.Hops[i]
		}
	}
	return nil
}

// isSameNetwork says that two addresses are in one network of the usual size; the result does
// not tell its real size. False where one is left out.
func isSameNetwork(a, b string) bool {
	one, errOne := netip.ParseAddr(a)
	other, errOther := netip.ParseAddr(b)
	if errOne != nil || errOther != nil {
		return false
	}
	bits := 64
	if one.Unmap().Is4() {
		bits = 24
	}
	network, err := one.Unmap().WithZone("").Prefix(bits)
	return err == nil && network.Contains(other.Unmap().WithZone(""))
}
