package thresholds

import (
	"slices"

	"netready/probe/facts"
)

// A place is where a fault of the call lies, as far as the figures tell.
type place int

const (
	placeUnknown place = iota // nothing tells
	inPC                      // this computer itself
	inLAN                     // between it and its gateway
	beyondLAN                 // behind the gateway: the line, the provider, the way to the region
	onLine                    // behind the gateway, before the next router: the access line
	pastLine                  // behind that router: the provider, the way to the region
)

// Of the gateway, one hop away.
const (
	badGatewayMS = 30 // slower than this on average is the LAN
	enoughPings  = 5  // fewer tell nothing
)

// where says which place the figures point to for a bad figure.
func (j *judge) where(key Key, way Way) place {
	switch {
	case j.staysInside(), j.isBentByPC(key, way):
		return inPC
	case j.isDirect():
		return inLAN
	case j.gateway() == nil, j.hadNoWayOut() && key != RTT, (key == Loss || key == MOS) && j.diesLate(way):
		return placeUnknown
	}
	p := j.placeByGateway(key, way)
	switch {
	case p == beyondLAN && (key == Loss || key == MOS) && (j.mayBeLimited(way) || j.onlyItsKindIsLost(way)):
		return placeUnknown
	case p == inLAN && key != RTT && j.isLANAcquitted(key, way):
		return placeUnknown
	case p == beyondLAN:
		return j.beyondGateway(key, way)
	}
	return p
}

// gateway is the series of pings of the gateway during the call, nil where there
// are too few to tell.
func (j *judge) gateway() *facts.Ping {
	if !j.passesGateway() {
		return nil
	}
	for _, p := range j.result.Ping {
		if p.Role == facts.RoleGateway && p.AvgMS != nil && p.Samples+p.Lost >= enoughPings {
			return &p
		}
	}
	return nil
}

// hadNoWayOut says that this machine could not send some pings of the gateway, and
// not because its queue was full: its interface or its route was gone for a time.
func (j *judge) hadNoWayOut() bool {
	g := j.gateway()
	return g != nil && g.NotSent-g.NoRoom >= unsentPings
}

// passesGateway says that the call goes through the default gateway, one hop away,
// and not into a tunnel or to another machine of the same network.
func (j *judge) passesGateway() bool {
	return j.result.Machine.Interface.Kind != facts.VPN && !j.isDirect()
}

// isDirect says that the far end is another machine of the same network: packets of the call
// pass no gateway, no access line and no provider. A router that answers on the way shows
// the opposite.
func (j *judge) isDirect() bool {
	if k := j.result.Machine.Interface.Kind; k == facts.VPN || k == facts.Loopback {
		return false
	}
	hops := j.result.Path.Hops
	if len(hops) > 0 && hops[0].TTL == 1 && hops[0].Role == facts.HopFarEnd {
		return true
	}
	return j.result.Path.Via == facts.ViaDirect && !slices.ContainsFunc(hops, func(h facts.Hop) bool { return h.Answered > 0 && h.Role != facts.HopFarEnd })
}

// isNeighbour is the sign that a fault of the call lies between two machines of the same
// network, or in one of them.
func isNeighbour(m matter) (string, float64) {
	if m.isSpoiltFigure() || !m.isDirect() || m.where(m.key, m.way) != inLAN {
		return "", 0
	}
	seen := "the far end is in the same network as this PC, so that the call passes no gateway, no access line and no provider"
	if m.isWifi() {
		seen += "; this PC is connected by Wi-Fi"
	}
	return seen, 1
}
