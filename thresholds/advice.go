package thresholds

import (
	"fmt"
	"slices"
	"strings"

	"netready/probe/facts"
)

// advice is what to do about a figure that breaks its limit: where the figures
// point to, or that they do not tell and which test would.
func (j *judge) advice(key Key, way Way) string {
	if d := direction(j.result.Voice, way); key != RTT && d != nil && d.Received == 0 {
		return j.aboutSilence()
	}
	switch key {
	case Order:
		return "Something sends packets over several paths of unequal length: ask the network team, and then whoever supplies the line, about load balancing per packet."
	case MOS:
		return j.aboutMOS(way)
	case RTT:
		return j.aboutDelay()
	case Loss, Discards, Jitter:
	}
	switch j.where(key, way) {
	case inPC:
		return j.aboutPC()
	case inLAN:
		return j.aboutLAN(way)
	case beyondLAN, onLine, pastLine:
		return fmt.Sprintf("Your own network answers well (of the gateway %s), so the fault is behind it: ", j.gatewayWords(way)) + j.aboutLine(key, way)
	case placeUnknown:
	}
	return j.cannotTell(way)
}

// aboutSilence is the advice where no packet arrived: then the path is closed,
// and not bad.
func (j *judge) aboutSilence() string {
	if len(j.failed()) > 0 {
		return "Nothing arrived at all: have the blocked connections opened first."
	}
	return "Nothing arrived at all, for example because a firewall drops UDP: run it without --only, so that every connection is tried."
}

func (j *judge) aboutPC() string {
	if j.staysInside() {
		return "The call did not leave this computer: it is too busy for this test. Close other programs and run it again."
	}
	return "This computer was too busy: close other programs and run it again before anything else is changed."
}

func (j *judge) aboutLAN(way Way) string {
	if j.isDirect() {
		return j.aboutNeighbour()
	}
	seen := j.gatewayWords(way)
	if j.isWifi() {
		return "The fault is in your own network, before the gateway: over the Wi-Fi " + seen +
			". Run it again by cable: if that is good, improve the Wi-Fi (signal, channel, how many share it)."
	}
	return "The fault is in your own network, before the gateway: " + seen +
		". Check this computer's cable and switch port, and whether the network is full at this hour."
}

// aboutNeighbour is the advice where the far end is a machine of the same network.
func (j *judge) aboutNeighbour() string {
	words := "The far end is in the same network as this computer: the fault is between the two, or in one of them. "
	if j.isWifi() {
		return words + "Run it again by cable; then check cable, switch port and load of both computers."
	}
	return words + "Check cable, switch port and load of both computers."
}

// aboutLine is what the pattern of the fault says about the path behind the gateway.
func (j *judge) aboutLine(key Key, way Way) string {
	if key != Loss {
		return "packets wait in a queue there, as when uploads, backups or updates fill the line. Run it again while the line is quiet: " +
			"if that is good, give voice (DSCP 46) priority on the router; if not, ask " + j.supplier() + " about it."
	}
	side := "to the region"
	if way == Down {
		side = "from the region"
	}
	d := direction(j.result.Voice, way)
	if d != nil && d.Burst.BurstR != nil && *d.Burst.BurstR >= bursty {
		return fmt.Sprintf("up to %d packets in a row are lost, as when a full queue overflows. Look for uploads, backups or updates at this hour; "+
			"if the line is quiet, ask %s about loss %s.", d.Burst.LongestRun, j.supplier(), side)
	}
	return "single packets are lost, spread over the call, as on a bad line or with a rate limit. Ask " + j.supplier() + " about loss " + side + "."
}

// bursty is the BurstR (G.107) from which losses are no longer single ones.
const bursty = 2

// aboutDelay is about the round trip.
func (j *judge) aboutDelay() string {
	gateway := j.gateway()
	switch {
	case j.isDirect():
		return j.aboutNeighbour()
	case j.result.Machine.Interface.Kind == "vpn":
		return "The call goes through a VPN, which makes the path longer: run it again without the VPN to see by how much."
	case gateway != nil && *gateway.AvgMS > badGatewayMS:
		return j.aboutLAN(Up)
	case gateway != nil:
		return fmt.Sprintf("The time is spent behind the gateway, which answers in %s: netready regions --measure shows whether another region is nearer; "+
			"if this one is the nearest, ask %s about a detour.", Figure(*gateway.AvgMS, "ms"), j.supplier())
	}
	return "The figures do not tell whether it is distance or a detour: netready regions --measure shows whether another region is nearer."
}

// aboutMOS names the figures that make the MOS low.
func (j *judge) aboutMOS(way Way) string {
	d := direction(j.result.Voice, way)
	if d == nil || d.LossPercent == nil || d.DiscardPercent == nil {
		return "It follows from delay, loss and discards."
	}
	loss, discards := j.limits.LossPercent.Level(d.LossPercent), j.limits.DiscardPercent.Level(d.DiscardPercent)
	switch {
	case loss == Fail && discards == Fail:
		return "It follows from the packet loss and the discards: solve those first."
	case loss == Fail:
		return "It follows from the packet loss: solve that first."
	case discards == Fail:
		return "It follows from the packet discards: solve those first."
	case *d.LossPercent == 0 && *d.DiscardPercent == 0:
		return "Nothing was lost or discarded: it follows from the delay and from what the codec can reach."
	}
	return fmt.Sprintf("It follows from delay, loss (%s) and discards (%s) together, though none of them alone is beyond its limit.",
		Figure(*d.LossPercent, "%"), Figure(*d.DiscardPercent, "%"))
}

// cannotTell says that the figures do not tell where the fault is, and which test
// would.
func (j *judge) cannotTell(way Way) string {
	return "The figures do not show where: " + j.whyUntold(way) + ". " + j.wouldTell()
}

// wouldTell is the test that would show where the fault is.
func (j *judge) wouldTell() string {
	switch {
	case j.isWifi():
		return "Run it again by cable: if that is good, it is the Wi-Fi."
	case j.result.Machine.Interface.Kind == facts.VPN:
		return "Run it again without the VPN: if that is good, it is the VPN."
	}
	return "Run it on a computer that is plugged straight into the router: if that is good, it is your own network; if not, what lies behind the router."
}

// whyUntold says why the gateway does not tell.
func (j *judge) whyUntold(way Way) string {
	e := j.evidence(way)
	hop, _ := j.hop()
	switch {
	case !j.passesGateway():
		return "the call goes through a VPN, and does not pass the default gateway itself"
	case j.hadNoWayOut():
		return "this computer could not send some pings of the gateway: its own interface or route was gone for a time, and the result does not tell why (" + strings.TrimRight(j.gateway().Reason, ". ") + ")"
	case j.diesLate(way):
		return "the call died in its last seconds: a longer call shows whether it stays dead, as when a firewall forgot it, or comes back"
	case j.gateway() == nil:
		return "the gateway did not answer"
	case j.isSlowByItself(j.gateway()) && *j.gateway().AvgMS > badGatewayMS:
		return fmt.Sprintf("the gateway answers later (in %s) than the far end behind it, so its answers say nothing of the call", Figure(*j.gateway().AvgMS, "ms"))
	case j.mayBeLimited(way):
		return "nearly the same number of packets gets through in every second, as where a limit of rate drops the rest, and as it happens by chance, most often in a short call: " +
			"another call of 30 s or more tells the two apart"
	case e.limits > 0:
		return fmt.Sprintf("the gateway limits its answers to %d a second, so that missing answers say nothing", e.limits)
	case e.bad+e.good == 0:
		return "the result does not say how the gateway answered in each second of the call, and the totals are not enough (" + j.gatewayWords(way) + ")"
	case j.isAcquittedOfAny(way):
		return fmt.Sprintf("the gateway answers badly (%s), and %s, which is asked through it, answers well: so the gateway may only be slow to answer", j.gatewayWords(way), named("the router behind it", hop))
	case hop != nil && isPrivate(hop) && (e.lost == 0 || e.ofLoss(portion(lossOf(j.directionOrLoop(way))), runOf(j.directionOrLoop(way))) == beyondLAN):
		return fmt.Sprintf("the gateway answers well, and the private address of %s does not tell whether it is this network's or the provider's; no router with a public address tells more", named("the next router", hop))
	case e.lost > 0:
		return "the gateway answers badly at other times than the call, or not as badly (" + j.gatewayWords(way) + ")"
	}
	return "too few pings of the gateway were sent during the call to rule out the network before it (" + j.gatewayWords(way) + ")"
}

// isAcquittedOfAny says that the gateway shows a fault of this way that the router behind it
// does not.
func (j *judge) isAcquittedOfAny(way Way) bool {
	return slices.ContainsFunc([]Key{Loss, Jitter, Discards}, func(key Key) bool {
		return j.placeByGateway(key, way) == inLAN && j.isLANAcquitted(key, way)
	})
}

// Advice of several findings.
const (
	letItFinish = "Run it again and let it finish."
	anotherTime = "Run it again at another time, or with another responder: this says nothing about the network."
)

func (j *judge) isWifi() bool { return j.result.Machine.Interface.Kind == facts.Wifi }

// runAgain says what to do about figures that a busy machine made unreliable.
func runAgain(causes []facts.Unreliable) string {
	for _, c := range causes {
		if c.Code == facts.UnreliablePC {
			return "Close other programs on this PC and run it again."
		}
	}
	return anotherTime
}
