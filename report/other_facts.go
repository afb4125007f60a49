package report

import (
	"fmt"
	"strings"

	"netready/probe/facts"
	"netready/thresholds"
)

// printer turns a figure and its unit into text: for people, or with all digits.
type printer func(f float64, unit string) string

// allDigits is the printer of the TXT.
func allDigits(f float64, unit string) string { return strings.TrimSpace(Digits(f) + " " + unit) }

// of prints a figure between two texts; "" if it was not measured.
func (p printer) of(before string, f *float64, unit, after string) string {
	if f == nil {
		return ""
	}
	return before + p(*f, unit) + after
}

// A Fact is one name with its text.
type Fact struct{ Name, Text string }

// OtherFacts are further facts about the machine, the network and the call.
func OtherFacts(r Report, print func(f float64, unit string) string) []Fact {
	p, out := printer(print), []Fact(nil)
	add := func(name string, parts ...string) {
		var said []string
		for _, p := range parts {
			if p != "" {
				said = append(said, p)
			}
		}
		if len(said) > 0 {
			out = append(out, Fact{name, strings.Join(said, ", ")})
		}
	}
	add("Machine", r.Machine.Hostname, r.Machine.OS, p.of("", r.Machine.CPUBusyPercent, "%", " busy"))
	add("Network interface", thresholds.LinkWords(r.Machine.Interface, print)...)
	add("Responder", r.Region.Responder)
	add("Bandwidth", bandwidthFacts(r.Bandwidth, p)...)
	if r.Capacity != nil {
		add("Calls at once", thresholds.CapacityWords(*r.Capacity))
	}
	for _, ping := range r.Ping {
		add("Ping to "+pingName(ping), pingFact(ping, p))
	}
	if t := r.Voice.RTT; t != nil {
		add("Round trip", p.of("min ", t.MinMS, "ms", ""), p.of("95 % under ", t.P95MS, "ms", ""), p.of("max ", t.MaxMS, "ms", ""),
			fmt.Sprintf("%d answers, %d lost", t.Samples, t.Lost), "by "+t.Source)
	}
	for _, d := range []struct {
		name string
		side *facts.Direction
	}{{"Loss pattern up", r.Voice.Up}, {"Loss pattern down", r.Voice.Down}} {
		if d.side != nil {
			add(d.name, burstFacts(*d.side, p)...)
		}
	}
	add("Voice marking (DSCP)", dscpFact("up", r.Voice.Up), dscpFact("down", r.Voice.Down))
	add("Address translation", r.NAT.ForUser)
	add("For the network team", r.NAT.ForNetwork)
	add("Address as the far end saw it", r.NAT.PublicAddress)
	add("Proxy", r.Environment.Proxy)
	add("Way out", wayFact("IPv4", r.Environment.IPv4), wayFact("IPv6", r.Environment.IPv6))
	for _, a := range r.Environment.DNS {
		add("DNS, "+a.Name, strings.Join(a.Addresses, " "), p.of("in ", &a.ElapsedMS, "ms", ""), a.Reason)
	}
	add("Changes of the path", r.Voice.PathChanges...)
	if r.Voice.SendLatenessMS != nil {
		add("This machine sent late by", p.of("99 % under ", r.Voice.SendLatenessMS.P99, "ms", ""), p.of("at most ", r.Voice.SendLatenessMS.Max, "ms", ""))
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

// atLeast stands before a figure that is a lower bound.
func atLeast(bound bool) string {
	if bound {
		return "at least "
	}
	return ""
}

func bandwidthFacts(b facts.Bandwidth, p printer) []string {
	if b.UpMbps == nil && b.DownMbps == nil {
		if b.Reason == "" {
			return nil
		}
		return []string{"not measured: " + b.Reason}
	}
	parts := []string{p.of(atLeast(b.UpAtLeast), b.UpMbps, "Mbit/s", " up"), p.of(atLeast(b.DownAtLeast), b.DownMbps, "Mbit/s", " down")}
	if b.CallsUp != nil && b.CallsDown != nil {
		about := "about "
		if b.UpAtLeast || b.DownAtLeast {
			about = atLeast(true)
		}
		parts = append(parts, fmt.Sprintf("room for %s%d calls", about, min(*b.CallsUp, *b.CallsDown)))
	}
	return append(parts, b.Note)
}

func pingName(p facts.Ping) string {
	if p.Role == "" {
		return p.Target
	}
	return "the " + p.Role
}

func pingFact(ping facts.Ping, p printer) string {
	if ping.AvgMS == nil {
		if ping.Reason == "" {
			return "no answer"
		}
		return "not measured: " + ping.Reason
	}
	text := p.of("average ", ping.AvgMS, "ms", "") + p.of(", max ", ping.MaxMS, "ms", "") + fmt.Sprintf(", %d answers, %d lost", ping.Samples, ping.Lost)
	return text + because(ping.Reason)
}

func burstFacts(d facts.Direction, p printer) []string {
	if d.Lost == 0 {
		return nil
	}
	return []string{
		fmt.Sprintf("%d of %d packets lost", d.Lost, d.Sent),
		fmt.Sprintf("longest run %d", d.Burst.LongestRun),
		p.of("worst 100 packets ", d.Burst.WorstWindowPercent, "%", ""),
	}
}

func dscpFact(way string, d *facts.Direction) string {
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
