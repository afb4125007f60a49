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
)

// A machine is busy beyond these: it sends late and reads late.
const (
	busyCPUPercent = 90
	lateSendMS     = 20 // a whole packet time
)

// Of the gateway, one hop away.
const (
	badGatewayMS = 30 // slower than this on average is the LAN
	enoughPings  = 5  // fewer tell nothing
)

// loopback is the kind of interface of a call that stays within the machine.
const loopback = "loopback"

// where says what the figures point to for one that is bad.
func (j *judge) where(key Key, way Way) place {
	switch {
	case j.result.Machine.Interface.Kind == loopback, j.isPCBusy() && j.couldBePC(key, way):
		return inPC
	case j.gateway() == nil:
		return placeUnknown
	}
	return j.besideCall(key, way)
}

// couldBePC says whether a busy machine can make this figure bad. It loses no
// packet that it has sent; one that has arrived is lost only where its socket
// overflows, which the kernel counts. The kernel's receive stamps do not wait
// for the program either; the send stamp is the program's.
func (j *judge) couldBePC(key Key, way Way) bool {
	v := j.result.Voice
	d := direction(v, way)
	switch {
	case key == RTT:
		return v.Down == nil || !v.Down.KernelStamps
	case d == nil || way == Down && d.SocketDropped > 0:
		return true
	}
	lossOnly := key == Loss || key == Order || key == MOS && d.Discarded != nil && *d.Discarded == 0
	if way == Up {
		return !lossOnly
	}
	return !d.KernelStamps
}

func (j *judge) isPCBusy() bool { return j.sendsLate() || j.isCPUBusy() }

func (j *judge) sendsLate() bool {
	l := j.result.Voice.SendLatenessMS
	return l != nil && l.P99 != nil && *l.P99 > lateSendMS
}

func (j *judge) isCPUBusy() bool {
	c := j.result.Machine.CPUBusyPercent
	return c != nil && *c > busyCPUPercent
}

// gateway is the series of pings to it during the call, nil where too few
// were answered to tell.
func (j *judge) gateway() *facts.Ping {
	for _, p := range j.result.Ping {
		if p.Role == facts.RoleGateway && p.AvgMS != nil && p.Samples+p.Lost >= enoughPings {
			return &p
		}
	}
	return nil
}
