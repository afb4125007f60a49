package thresholds

import (
	"fmt"
	"slices"
	"strings"

	"netready/probe"
)

// Where this PC itself is the likely cause. A busy machine sends late and
// reads late; the stamps keep most of that out of the figures, not all.
const (
	busyCPUPercent = 90
	lateSendMS     = 20 // a whole packet time
	// Of the gateway, one hop away: more than this is the LAN.
	badGatewayMS   = 30
	badGatewayLoss = 2 // percent
	weakWifiDBM    = -70
)

// circumstances are warnings about this machine and its surroundings.
func (j *judge) circumstances() {
	r := j.result
	if l := r.Voice.SendLatenessMS; l != nil && l.P99 != nil && *l.P99 > lateSendMS {
		j.add(Finding{
			Level: Warn, What: "send_lateness", Got: l.P99, Limit: new(float64(lateSendMS)),
			Text:   fmt.Sprintf("This machine sent one packet in a hundred more than %s ms late: it was too busy to test well", digits(*l.P99)),
			Advice: "Close other programs and run it again.",
		})
	}
	if c := r.Machine.CPUBusyPercent; c != nil && *c > busyCPUPercent {
		j.add(Finding{
			Level: Warn, What: "cpu", Got: c, Limit: new(float64(busyCPUPercent)),
			Text:   fmt.Sprintf("This machine's processors were %s %% busy during the run", digits(*c)),
			Advice: "Close other programs and run it again.",
		})
	}
	if w := r.Machine.Interface.WifiDBM; w != nil && *w < weakWifiDBM {
		j.add(Finding{
			Level: Warn, What: "wifi", Got: w, Limit: new(float64(weakWifiDBM)),
			Text:   fmt.Sprintf("The Wi-Fi signal is weak (%s dBm)", digits(*w)),
			Advice: "Use a cable, or come closer to the access point.",
		})
	}
	if a := r.NAT.SIPALG; a != nil && *a {
		j.add(Finding{
			Level: Warn, What: "nat", Text: "A router on the way rewrites SIP messages (SIP ALG)",
			Advice: "Ask the network team to switch SIP ALG off.",
		})
	}
	if m := r.NAT.Mapping; m == "address_dependent" || m == "address_and_port_dependent" {
		j.add(Finding{
			Level: Warn, What: "nat", Text: "The NAT gives this machine another public port for each destination, so media takes the longer way through a relay",
			Advice: "Ask the network team for endpoint-independent mapping (RFC 4787) of UDP.",
		})
	}
	if s := r.NAT.Survives30s; s != nil && !*s {
		j.add(Finding{
			Level: Warn, What: "nat", Text: "The NAT or firewall forgets a silent UDP flow within 30 s",
			Advice: "Ask the network team for a UDP time-out of two minutes or more (RFC 4787 REQ-5).",
		})
	}
}

// cause says where the fault likely lies, as far as the figures tell.
func (j *judge) cause() {
	var voice, ports []string
	for _, f := range j.findings {
		if f.Level != Fail {
			continue
		}
		if f.What == "port" {
			ports = append(ports, f.Text)
		} else {
			voice = append(voice, f.What)
		}
	}
	switch {
	case len(ports) > 0 && len(voice) == 0 && j.isCallKnown():
		j.blame("the firewall", "ports are closed while the call itself is good")
	case len(ports) > 0 && j.nothingArrives():
		j.blame("the firewall", "no UDP gets through to the responder or back")
	case len(voice) == 0:
	case j.isPCBusy():
		j.blame("this PC", "it was too busy to send and receive in time; test again with other programs closed before blaming the network")
	case j.result.Machine.Interface.Kind == loopback:
		j.blame("this PC", "the call did not leave it")
	case j.isLANBad() && j.result.Machine.Interface.Kind == "wifi":
		j.blame("the LAN, Wi-Fi first", "the default gateway, one hop away over Wi-Fi, already answers badly; test again by cable to tell the two apart")
	case j.isLANBad():
		j.blame("the LAN", "the default gateway, one hop away, already answers badly")
	case j.isLANGood():
		j.blame("the provider or the way to the region", "the default gateway answers well while the call is bad"+oneWay(voice))
	}
}

// oneWay says it where all that failed is in one direction.
func oneWay(failed []string) string {
	for _, way := range []string{"up", "down"} {
		if !slices.ContainsFunc(failed, func(what string) bool { return !strings.HasSuffix(what, "_"+way) }) {
			return " on the way " + way + " only"
		}
	}
	return ""
}

func (j *judge) blame(where, because string) {
	j.add(Finding{Level: Warn, What: "cause", Text: fmt.Sprintf("The fault most likely lies with %s: %s", where, because)})
}

// isCallKnown says whether there was a call to compare the ports with.
func (j *judge) isCallKnown() bool {
	up, down := j.result.Voice.Up, j.result.Voice.Down
	return up != nil && up.MOS != nil && down != nil && down.MOS != nil
}

// nothingArrives says whether the way to the responder is dead. A call that
// was not placed proves nothing.
func (j *judge) nothingArrives() bool {
	for _, d := range []*probe.Direction{j.result.Voice.Up, j.result.Voice.Down} {
		if d != nil && d.Sent > 0 && d.Received == 0 {
			return true
		}
	}
	return slices.ContainsFunc(j.result.Firewall, func(row probe.PortRow) bool {
		return row.Protocol == "udp" && row.Required && row.Status == probe.StatusFail
	})
}

func (j *judge) isPCBusy() bool {
	return slices.ContainsFunc(j.findings, func(f Finding) bool { return f.What == "send_lateness" || f.What == "cpu" })
}

func (j *judge) gateway() *probe.Ping {
	for _, p := range j.result.Ping {
		if p.Role == "gateway" && p.AvgMS != nil && p.Samples+p.Lost >= 5 {
			return &p
		}
	}
	return nil
}

func (j *judge) isLANBad() bool {
	g := j.gateway()
	return g != nil && (*g.AvgMS > badGatewayMS || 100*g.Lost > badGatewayLoss*(g.Samples+g.Lost))
}

func (j *judge) isLANGood() bool { return j.gateway() != nil && !j.isLANBad() }
