package thresholds

import (
	"fmt"
	"strings"

	"netready/probe/facts"
)

// surroundings warns about what lies between this machine and the Internet. None
// of it counts against the verdict: what it blocks fails as a row.
func (j *judge) surroundings() {
	e := j.result.Environment
	j.otherRegion()
	if j.isCutOff() {
		j.add(Finding{Level: Unknown, What: WhatConnectivity, Code: e.Connectivity.Code, Text: e.Connectivity.Text, Advice: reconnect(e.Connectivity.Code)})
	}
	if e.CaptivePortal != nil && *e.CaptivePortal {
		j.add(Finding{
			Level: Warn, What: WhatPortal, Text: "A captive portal answers in place of web pages: this network wants a log-in first",
			Advice: "Open a browser, log in, and run it again.",
		})
	}
	if e.Proxy != "" && e.Connectivity.Code != facts.CodeProxyOnly {
		j.add(Finding{
			Level: Warn, What: WhatProxy, Text: fmt.Sprintf("This machine is set up with a proxy (%s, from the settings of %s); voice uses UDP, which does not go through the proxy", e.Proxy, e.ProxySource),
			Advice: "Ask the network team to let UDP out directly, and to exempt the service from inspection in the proxy.",
		})
	}
	var odd []string
	for _, a := range e.DNS {
		// A private address is often intended: the report shows it.
		if len(a.Addresses) > 0 && a.Code != "" && a.Code != facts.DNSSplitHorizon {
			odd = append(odd, a.Name+" ("+a.Reason+")")
		}
	}
	if len(odd) > 0 {
		j.add(Finding{
			Level: Warn, What: WhatDNS, Text: "The resolver's answers cannot be trusted: " + strings.Join(odd, "; "),
			Advice: "Ask the network team to let this machine's DNS resolve the service's names correctly.",
		})
	}
}

// isCutOff says that this machine is not connected, or not fully: everything else
// may follow from that.
func (j *judge) isCutOff() bool { return isCutOff(j.result) }

func isCutOff(r facts.Result) bool {
	code := r.Environment.Connectivity.Code
	return code != "" && code != facts.Online
}

// isAlone says that nothing outside can be asked directly.
func (j *judge) isAlone() bool {
	code := j.result.Environment.Connectivity.Code
	return code == facts.CodeOffline || code == facts.CodeProxyOnly
}

// isSaidFirst says that the first finding gives the reason why something was not
// measured.
func (j *judge) isSaidFirst(code string) bool {
	return code != "" && (j.isCutOff() && code == j.result.Environment.Connectivity.Code || code == facts.CodeUnreachable && j.isResponderLost())
}

// saidFirst ends the text of what was not measured where the first finding gives
// the reason.
const saidFirst = ", for the reason that is named first"

// reconnect is what to do about a Connectivity.
func reconnect(code string) string {
	switch code {
	case facts.CodeOffline:
		return "Check the cable, the Wi-Fi or the VPN of this computer, and run it again."
	case facts.CodeProxyOnly:
		return "Ask the network team to let UDP out to the responder directly: voice does not go through a web proxy."
	case facts.CodeDNSDead:
		return "Check which DNS servers this computer is set up with, and ask the network team why they do not answer."
	}
	return ""
}

// otherRegion warns of figures that are not those of the region that was asked for.
func (j *judge) otherRegion() {
	r := j.result.Region
	if r.ResponderRegion == "" {
		return
	}
	j.add(Finding{
		Level: Warn, What: WhatRegion,
		Text:   fmt.Sprintf("The responder says that it is in region %s, and not in %s: the figures of the call are those of the path to %s", r.ResponderRegion, r.ID, r.ResponderRegion),
		Advice: fmt.Sprintf("Run it with an invite of a responder in %s, or leave --region out.", r.ID),
	})
}
