package thresholds

import (
	"fmt"
	"slices"
	"strings"

	"netready/probe/facts"
)

// cause says where the fault likely lies, as far as the figures tell.
func (j *judge) cause() {
	if c := j.result.Environment.Connectivity; c.Code != "" && c.Code != facts.Online {
		return // said already, and nothing else can be told
	}
	failed := j.failed()
	var voice []Finding
	for _, f := range j.findings {
		if f.Level == Fail && f.What != WhatPort {
			voice = append(voice, f)
		}
	}
	switch {
	case len(failed) > 0 && (len(voice) == 0 && j.isCallKnown() || j.nothingArrives()):
		j.blameRows(failed)
	case len(failed) > 0 && len(voice) == 0:
		j.blameNames(failed)
	case len(voice) > 0 && j.nothingArrives():
		// A closed way, of which no connection that was tried tells whose.
	case len(voice) > 0:
		j.blameCall(voice)
	}
}

// failed are the required rows that failed.
func (j *judge) failed() []facts.PortRow {
	if !j.asked(facts.PartFirewall) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(j.result.Firewall), func(row facts.PortRow) bool { return RowLevel(row) != Fail })
}

// blameRows goes by the reasons of the rows, the gravest of which explains most.
func (j *judge) blameRows(rows []facts.PortRow) {
	all := func(is func(facts.PortRow) bool) bool {
		return !slices.ContainsFunc(rows, func(row facts.PortRow) bool { return !is(row) })
	}
	reasons := func(codes ...string) func(facts.PortRow) bool {
		return func(row facts.PortRow) bool { return slices.Contains(codes, row.Reason) }
	}
	because := "ports are closed while the call itself is good"
	if !j.isCallKnown() || j.nothingArrives() {
		because = "no UDP gets through to the responder or back"
	}
	switch {
	case all(func(row facts.PortRow) bool { return row.By == facts.ByThisMachine }):
		j.blame(PlacePC, "this computer's own firewall or security software", "it forbids what is blocked")
	case all(reasons(facts.ReasonDNS)):
		j.blameNames(rows)
	case all(reasons(facts.ReasonIntercepted, facts.ReasonHijacked, facts.ReasonTLS)):
		j.blame(PlaceProxy, "something on the way that answers in the service's place", "a proxy that inspects traffic, a captive portal or a filter")
	case all(reasons(facts.ReasonUnreachable)):
		j.blame(PlaceRoutes, "the network's routes", "there is no route to the hosts that were asked")
	case all(reasons(facts.ReasonProtocol)):
		// The far end answered, only not as it should: nobody on the way is to blame.
	default:
		j.blame(PlaceFirewall, "the firewall", because)
	}
}

// blameNames is for rows that failed before anything was sent to them.
func (j *judge) blameNames(rows []facts.PortRow) {
	for _, row := range rows {
		if row.Reason != facts.ReasonDNS {
			return
		}
	}
	j.blame(PlaceDNS, "name resolution (DNS)", "names could not be resolved, so nothing is known of the ports behind them")
}

// blameCall goes by where the figures point.
func (j *judge) blameCall(failed []Finding) {
	places := map[place]Way{} // with a way that points there
	var whats []string
	for _, f := range failed {
		whats = append(whats, f.What)
		if m, way, ok := measureOf(f.What); ok {
			places[j.where(m.Key, way)] = way
		}
	}
	_, pc := places[inPC]
	lan, isLAN := places[inLAN]
	beyond, isBeyond := places[beyondLAN]
	unknown, isUnknown := places[placeUnknown]
	switch {
	case pc && len(places) == 1 && j.result.Machine.Interface.Kind == loopback:
		j.blame(PlacePC, "this PC", "the call did not leave it")
	case pc && len(places) == 1:
		j.blame(PlacePC, "this PC", "it was too busy to send and receive in time; test again with other programs closed before blaming the network")
	case isLAN && j.isWifi():
		j.blame(PlaceLAN, "the LAN, Wi-Fi first", fmt.Sprintf("the default gateway, one hop away over Wi-Fi, already answers badly (%s); test again by cable to tell the two apart", j.gatewayWords(lan)))
	case isLAN:
		j.blame(PlaceLAN, "the LAN", fmt.Sprintf("the default gateway, one hop away, already answers badly (%s)", j.gatewayWords(lan)))
	case isBeyond:
		j.blame(PlaceBeyond, "the provider or the way to the region", fmt.Sprintf("the default gateway answers well while the call is bad%s (%s)", oneWay(whats), j.gatewayWords(beyond)))
	case isUnknown && j.gateway() != nil:
		j.add(Finding{Level: Warn, What: WhatCause, Code: PlaceUnknown, Text: "Where the fault lies cannot be told: " + j.whyUntold(unknown)})
	}
}

// measureOf is the measure and the way of a finding about a figure.
func measureOf(what string) (Measure, Way, bool) {
	what = strings.TrimPrefix(what, WhatCall)
	for _, m := range measures {
		for _, way := range m.Ways() {
			if m.What(way) == what {
				return m, way, true
			}
		}
	}
	return Measure{}, "", false
}

// oneWay says it where all that failed is in one direction.
func oneWay(failed []string) string {
	for _, way := range []Way{Up, Down} {
		if !slices.ContainsFunc(failed, func(what string) bool { return !strings.HasSuffix(what, "_"+string(way)) }) {
			return " on the way " + string(way) + " only"
		}
	}
	return ""
}

// Codes of the place of a fault, in a finding about the cause.
const (
	PlacePC       = "this_pc"
	PlaceLAN      = "lan"
	PlaceFirewall = "firewall"
	PlaceDNS      = "dns"
	PlaceProxy    = "intercepted" // somebody answers in the service's place
	PlaceRoutes   = "routes"
	PlaceBeyond   = "provider" // the access line, the provider, the way to the region
	PlaceUnknown  = "unknown"  // the figures do not tell
)

func (j *judge) blame(code, where, because string) {
	j.add(Finding{Level: Warn, What: WhatCause, Code: code, Text: fmt.Sprintf("The fault most likely lies with %s: %s", where, because)})
}

// isCallKnown says whether there was a call to compare the ports with.
func (j *judge) isCallKnown() bool {
	up, down := j.result.Voice.Up, j.result.Voice.Down
	return up != nil && up.MOS != nil && down != nil && down.MOS != nil
}

// nothingArrives says whether the way to the responder is dead. A call that
// was not placed proves nothing.
func (j *judge) nothingArrives() bool {
	for _, way := range []Way{Up, Down} {
		if d := direction(j.result.Voice, way); d != nil && d.Sent > 0 && d.Received == 0 {
			return true
		}
	}
	return slices.ContainsFunc(j.failed(), func(row facts.PortRow) bool { return row.Protocol == "udp" && row.Reason != facts.ReasonDNS })
}
