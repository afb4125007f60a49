package thresholds

import (
	"fmt"
	"strings"

	"netready/probe/facts"
)

const weakWifiDBM = -70

// machine warns about this computer and the NAT that it is behind.
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

// busyPC says that this computer was too busy, and what that means. Where that
// disturbed the call itself there is no verdict, whatever the figures. Busy
// processors alone matter only where a limit is broken: they make figures worse
// and never better.
func (j *judge) busyPC() {
	if seen := j.spoiltWords(); seen != "" {
		j.add(Finding{
			Level: Unknown, What: WhatLateness, Code: facts.UnreliablePC, Got: j.latenessMS(), Limit: new(float64(lateSendMS)),
			Text: "This computer was too busy to test well: " + seen, Advice: "Close other programs and run it again.",
		})
	} else if j.sendsLate() {
		j.busy(WhatLateness, j.latenessMS(), lateSendMS, j.lateWords())
	}
	if j.isCPUBusy() {
		busy := j.result.Machine.CPUBusyPercent
		j.busy(WhatCPU, busy, busyCPUPercent, fmt.Sprintf("The processors of this computer were %s busy during the run", Figure(*busy, "%")))
	}
}

// busy adds a finding that this computer was busy, and what that means.
func (j *judge) busy(what string, got *float64, limit float64, text string) {
	f := Finding{Level: Warn, What: what, Got: got, Limit: &limit, Text: text}
	broken, kept := 0, 0
	for _, other := range j.findings {
		switch _, _, figure := measureOf(other.What); {
		case figure && other.Level != Pass && other.Got != nil && other.Limit != nil: // also one that nobody can rely on
			broken++
		case figure && other.Level == Pass:
			kept++
		}
	}
	switch {
	case broken > 0 || !j.asked(facts.PartVoice):
		f.Text, f.Advice = text+": it was too busy to test well", "Close other programs and run it again."
	case kept > 0:
		f.Text = text + ". The figures are still valid: a busy computer can only make them worse, and every limit that was measured was kept"
	}
	j.add(f)
}

// translation warns about harmful NAT and routers that rewrite SIP.
func (j *judge) translation() {
	n := j.result.NAT
	warn := func(text, advice string) { j.add(Finding{Level: Warn, What: WhatNAT, Text: text, Advice: advice}) }
	if n.SIPALG != nil && *n.SIPALG {
		warn("A router on the path rewrites SIP messages (SIP ALG)", "Ask the network team to switch SIP ALG off.")
	}
	if n.Mapping == facts.MappingAddressDependent || n.Mapping == facts.MappingAddressAndPortDependent {
		warn("The NAT gives this machine another public port for each destination, so media takes a longer path through a relay",
			"Ask the network team for endpoint-independent mapping (RFC 4787) of UDP.")
	}
	if n.Survives30s != nil && !*n.Survives30s {
		warn("The NAT or firewall forgets a silent UDP flow within 30 s", "Ask the network team for a UDP time-out of two minutes or more (RFC 4787 REQ-5).")
	}
	if changes := j.result.Voice.PathChanges; len(changes) > 0 {
		j.add(Finding{
			Level: Warn, What: WhatPathChange, Got: new(float64(len(changes))),
			Text: fmt.Sprintf("During the call the public address or port of this computer changed %s (%s): a phone would have lost its audio there",
				times(len(changes)), strings.Join(changes[:min(len(changes), mostShifts)], "; ")),
			Advice: "A NAT or firewall gave up the mapping while packets flowed, or the traffic moved to another line: ask the network team to keep UDP mappings and to send one flow over one line.",
		})
	}
}
