package report

import (
	"fmt"
	"strings"

	"netready/probe"
)

// facts lists what else is known of the machine and its way out.
func facts(r Report) []fact {
	var out []fact
	add := func(name string, parts ...string) {
		var said []string
		for _, p := range parts {
			if p != "" {
				said = append(said, p)
			}
		}
		if len(said) > 0 {
			out = append(out, fact{name, strings.Join(said, ", ")})
		}
	}
	add("Machine", r.Machine.Hostname, r.Machine.OS, withUnit(r.Machine.CPUBusyPercent, "% busy"))
	add("Network interface", interfaceFacts(r.Machine.Interface)...)
	add("Responder", r.Region.Responder)
	add("Bandwidth", bandwidthFacts(r.Bandwidth)...)
	for _, p := range r.Ping {
		add("Ping to "+pingName(p), pingFact(p))
	}
	if t := r.Voice.RTT; t != nil {
		add("Round trip", withPrefix("min ", t.MinMS, " ms"), withPrefix("95 % under ", t.P95MS, " ms"), withPrefix("max ", t.MaxMS, " ms"),
			fmt.Sprintf("%d answers, %d lost", t.Samples, t.Lost), "by "+t.Source)
	}
	for _, d := range []struct {
		name string
		side *probe.Direction
	}{{"Loss pattern up", r.Voice.Up}, {"Loss pattern down", r.Voice.Down}} {
		if d.side != nil {
			add(d.name, burstFacts(*d.side)...)
		}
	}
	add("Voice marking (DSCP)", dscpFact("up", r.Voice.Up), dscpFact("down", r.Voice.Down))
	add("Address translation", r.NAT.ForUser)
	add("For the network team", r.NAT.ForNetwork)
	add("Address as the far end saw it", r.NAT.PublicAddress)
	add("Proxy", r.Environment.Proxy)
	add("Way out", wayFact("IPv4", r.Environment.IPv4), wayFact("IPv6", r.Environment.IPv6))
	for _, a := range r.Environment.DNS {
		add("DNS, "+a.Name, strings.Join(a.Addresses, " "), withPrefix("in ", &a.ElapsedMS, " ms"), a.Reason)
	}
	add("Changes of the path", r.Voice.PathChanges...)
	if r.Voice.SendLatenessMS != nil {
		add("This machine sent late by", withPrefix("99 % under ", r.Voice.SendLatenessMS.P99, " ms"), withPrefix("at most ", r.Voice.SendLatenessMS.Max, " ms"))
	}
	if r.Region.RegionsFile != "" {
		add("Regions file", r.Region.RegionsFile)
	}
	return out
}

func wayFact(family string, known *bool) string {
	switch {
	case known == nil:
		return ""
	case *known:
		return family
	}
	return "no " + family
}

func interfaceFacts(i probe.Interface) []string {
	facts := []string{i.Name}
	if i.Kind != "unknown" {
		facts = append(facts, i.Kind)
	}
	return append(facts, withUnit(i.Mbps, " Mbit/s link"), withUnit(i.WifiDBM, " dBm"))
}

func bandwidthFacts(b probe.Bandwidth) []string {
	if b.UpMbps == nil && b.DownMbps == nil {
		if b.Reason == "" {
			return nil
		}
		return []string{"not measured: " + b.Reason}
	}
	facts := []string{withUnit(b.UpMbps, " Mbit/s up"), withUnit(b.DownMbps, " Mbit/s down")}
	if b.CallsUp != nil && b.CallsDown != nil {
		facts = append(facts, fmt.Sprintf("room for about %d calls", min(*b.CallsUp, *b.CallsDown)))
	}
	return facts
}

func pingName(p probe.Ping) string {
	if p.Role == "" {
		return p.Target
	}
	return "the " + p.Role
}

func pingFact(p probe.Ping) string {
	if p.AvgMS == nil {
		if p.Reason == "" {
			return "no answer"
		}
		return "not measured: " + p.Reason
	}
	text := "average " + digits(*p.AvgMS) + " ms"
	if p.MaxMS != nil {
		text += ", max " + digits(*p.MaxMS) + " ms"
	}
	text += fmt.Sprintf(", %d answers, %d lost", p.Samples, p.Lost)
	if p.Reason != "" {
		text += " (" + p.Reason + ")"
	}
	return text
}

func burstFacts(d probe.Direction) []string {
	if d.Lost == 0 {
		return nil
	}
	return []string{
		fmt.Sprintf("%d of %d packets lost", d.Lost, d.Sent),
		fmt.Sprintf("longest run %d", d.Burst.LongestRun),
		withPrefix("worst 100 packets ", d.Burst.WorstWindowPercent, " %"),
	}
}

func dscpFact(way string, d *probe.Direction) string {
	switch {
	case d == nil || d.DSCPAsked == nil:
		return ""
	case d.DSCPReceived == nil:
		return fmt.Sprintf("%s: asked %d, arrival not seen", way, *d.DSCPAsked) + because(d.DSCPReason)
	}
	return fmt.Sprintf("%s: asked %d, arrived as %d", way, *d.DSCPAsked, *d.DSCPReceived)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

func withUnit(f *float64, unit string) string { return withPrefix("", f, unit) }

func withPrefix(prefix string, f *float64, unit string) string {
	if f == nil {
		return ""
	}
	return prefix + digits(*f) + unit
}
