package thresholds

import (
	"fmt"
	"slices"
	"strings"
)

const weakWifiDBM = -70

// machine warns about this computer and what it stands behind.
func (j *judge) machine() {
	j.busyPC()
	if w := j.result.Machine.Interface.WifiDBM; w != nil && *w < weakWifiDBM {
		j.add(Finding{
			Level: Warn, What: WhatWifi, Got: w, Limit: new(float64(weakWifiDBM)),
			Text:   fmt.Sprintf("The Wi-Fi signal is weak (%s)", Figure(*w, "dBm")),
			Advice: "Use a cable, or come closer to the access point.",
		})
	}
	j.translation()
}

// busyPC says that this computer was too busy, and whether that matters: it
// does not where every limit was kept, since a busy machine makes figures worse
// and never better.
func (j *judge) busyPC() {
	harmless := !slices.ContainsFunc(j.findings, func(f Finding) bool {
		_, _, figure := measureOf(f.What)
		return figure && f.Level != Pass
	})
	ends, advice := ": it was too busy to test well", "Close other programs and run it again."
	if harmless && j.asked("voice") {
		ends, advice = ". The figures are still valid: a busy computer can only make them worse, and every limit was kept", ""
	}
	if j.sendsLate() {
		p99 := j.result.Voice.SendLatenessMS.P99
		j.add(Finding{
			Level: Warn, What: WhatLateness, Got: p99, Limit: new(float64(lateSendMS)),
			Text: fmt.Sprintf("This computer sent one packet in a hundred more than %s late", Figure(*p99, "ms")) + ends, Advice: advice,
		})
	}
	if j.isCPUBusy() {
		busy := j.result.Machine.CPUBusyPercent
		j.add(Finding{
			Level: Warn, What: WhatCPU, Got: busy, Limit: new(float64(busyCPUPercent)),
			Text: fmt.Sprintf("The processors of this computer were %s busy during the run", Figure(*busy, "%")) + ends, Advice: advice,
		})
	}
}

// translation warns about NAT and what routers do to SIP.
func (j *judge) translation() {
	n := j.result.NAT
	warn := func(text, advice string) { j.add(Finding{Level: Warn, What: WhatNAT, Text: text, Advice: advice}) }
	if n.SIPALG != nil && *n.SIPALG {
		warn("A router on the way rewrites SIP messages (SIP ALG)", "Ask the network team to switch SIP ALG off.")
	}
	if n.Mapping == "address_dependent" || n.Mapping == "address_and_port_dependent" {
		warn("The NAT gives this machine another public port for each destination, so media takes the longer way through a relay",
			"Ask the network team for endpoint-independent mapping (RFC 4787) of UDP.")
	}
	if n.Survives30s != nil && !*n.Survives30s {
		warn("The NAT or firewall forgets a silent UDP flow within 30 s", "Ask the network team for a UDP time-out of two minutes or more (RFC 4787 REQ-5).")
	}
	if changes := j.result.Voice.PathChanges; len(changes) > 0 {
		times := "once"
		if len(changes) > 1 {
			times = fmt.Sprintf("%d times", len(changes))
		}
		j.add(Finding{
			Level: Warn, What: WhatPathChange, Got: new(float64(len(changes))),
			Text: fmt.Sprintf("During the call the public address or port of this computer changed %s (%s): a phone would have lost its audio there",
				times, strings.Join(changes[:min(len(changes), mostShifts)], "; ")),
			Advice: "A NAT or firewall gave up the mapping while packets flowed, or the traffic moved to another line: ask the network team to keep UDP mappings and to send one flow over one line.",
		})
	}
}
