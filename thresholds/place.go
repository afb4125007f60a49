package thresholds

import (
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
	case j.gateway() == nil, j.hadNoWayOut() && key != RTT, (key == Loss || key == MOS) && j.diesLate(way):
		return placeUnknown
	}
	p := j.placeByGateway(key, way)
	switch {
	case p == beyondLAN && (key == Loss || key == MOS) && j.mayBeLimited(way):
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
	hops := j.result.Path.Hops
	return j.result.Machine.Interface.Kind != facts.VPN && (len(hops) == 0 || hops[0].TTL != 1 || hops[0].Role != facts.HopFarEnd)
}
