//go:build (lab || system) && linux

package lab

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/thresholds"
)

// Places of the laboratory, from the PC outwards.
const (
	Nowhere  = "none" // nothing is wrong
	PC       = "PC"
	LAN      = "LAN"
	Firewall = "firewall"
	Line     = "line"
	Provider = "provider"
	Far      = "far end"
	Names    = "DNS"
	Untold   = "cannot tell" // never true, only said
	Unsaid   = "no place"    // something is said, but no place is named
)

// allPlaces in the order of the matrix.
var allPlaces = []string{Nowhere, PC, LAN, Firewall, Line, Provider, Far, Names}

// named maps the code of a finding about the cause to the places that it names.
var named = map[string][]string{
	thresholds.PlacePC:       {PC},
	thresholds.PlaceLAN:      {LAN},
	thresholds.PlaceFirewall: {Firewall},
	thresholds.PlaceLine:     {Line},
	thresholds.PlaceBeyond:   {Provider},
	thresholds.PlaceFarEnd:   {Far},
	thresholds.PlaceRegion:   {Provider}, // a long way is planted there
	thresholds.PlaceDNS:      {Names},
	thresholds.PlaceRoutes:   {Provider},
	thresholds.PlaceProxy:    {Firewall},
	thresholds.PlaceUnknown:  {Untold},
}

// A Score is how good an answer was.
type Score string

// Scores.
const (
	Right      Score = "right"
	CannotTell Score = "cannot tell"
	Silent     Score = "says nothing" // a fault was planted, and none was named
	Wrong      Score = "WRONG"
	Spoilt     Score = "this machine was busy" // by its own count, and the program says so: it shows nothing
)

// places are those that a finding names.
func (r judged) places(f thresholds.Finding) []string {
	switch {
	case f.What == "":
		return []string{Nowhere}
	case r.Verdict == thresholds.Ready && f.What == thresholds.WhatCPU: // first, and that it harmed nothing
		return []string{PC, Nowhere}
	case f.What == thresholds.WhatCause:
		return named[f.Code]
	case f.What == thresholds.WhatConnectivity && (f.Code == facts.CodeDNSDead || r.Environment.Connectivity.Cause == facts.NoResolver), f.What == thresholds.WhatDNS:
		return []string{Names}
	case f.What == thresholds.WhatConnectivity && f.Code == facts.CodeProxyOnly, f.What == thresholds.WhatPathChange:
		return []string{Firewall}
	case f.What == thresholds.WhatLateness:
		return []string{PC}
	case f.Level == thresholds.Unknown:
		return r.unreliable()
	}
	return []string{Unsaid}
}

// unreliable are the ends whose fault a figure may be that decides nothing.
func (r judged) unreliable() []string {
	ends := map[string]string{facts.UnreliablePC: PC, facts.UnreliableResponder: Far}
	for _, d := range []*facts.Direction{r.Voice.Up, r.Voice.Down} {
		if d != nil && len(d.Unreliable) > 0 {
			return []string{ends[d.Unreliable[0].Code]}
		}
	}
	return []string{Unsaid}
}

// score compares what was said with the truth.
func (s Situation) score(r judged) (Score, string) {
	f := r.said()
	places := r.places(f)
	said := strings.Join(places, " or ")
	switch {
	case s.Place == Nowhere && f.What == thresholds.WhatCause:
		return Wrong, said
	case s.Place == Nowhere:
		said = strings.TrimPrefix(said, PC+" or ")
		return map[thresholds.Verdict]Score{thresholds.Ready: Right, thresholds.Undetermined: CannotTell, thresholds.NotReady: Wrong}[r.Verdict], said
	case slices.ContainsFunc(append(slices.Clone(s.Also), s.Place), func(p string) bool { return slices.Contains(places, p) }):
		return Right, said
	case slices.Contains(places, Untold):
		return CannotTell, said
	case slices.Contains(places, Unsaid), slices.Contains(places, Nowhere):
		return Silent, said
	}
	return Wrong, said
}

// isSpoilt says that the program calls this PC too busy to test, though nobody
// planted that.
func (s Situation) isSpoilt(r judged) bool {
	return s.Place != PC && slices.ContainsFunc(r.Findings, func(f thresholds.Finding) bool {
		return f.Cause == "pc_busy" || f.Level == thresholds.Unknown && f.Code == facts.UnreliablePC
	})
}

// busyPercent is the load of all processors from which this machine is busy.
const busyPercent = 80

// tries is how often a run is made until this machine itself does not spoil it.
const tries = 3

// machine is when this machine began to be watched.
type machine struct {
	since     time.Time
	busy, all float64 // processors, in the kernel's ticks
}

func watchMachine() machine {
	stalls.start()
	m := machine{since: time.Now()}
	m.busy, m.all = ticks()
	return m
}

// wasBusy says that this machine was too busy since, or stalled.
func (m machine) wasBusy() bool {
	busy, all := ticks()
	return 100*(busy-m.busy) > busyPercent*(all-m.all) || stalls.share(m.since) > spoiltShare
}

// ticks are how long all processors were busy, and altogether, since the start of the system.
func ticks() (busy, all float64) {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	for i, field := range strings.Fields(strings.TrimPrefix(line, "cpu")) {
		n, _ := strconv.ParseFloat(field, 64)
		if all += n; i != 3 && i != 4 { // idle and iowait
			busy += n
		}
	}
	return busy, all
}

// isNever says whether an answer is one that must never be given: a fault-free
// run blamed, the network for the PC's fault, the provider for the LAN's.
func (o Outcome) isNever() bool {
	switch o.Place {
	case Nowhere:
		return o.Score == Wrong
	case PC:
		return o.Score == Wrong
	case LAN:
		return o.Score == Wrong && strings.Contains(o.Named, Provider)
	}
	return false
}

// table lists outcomes in Markdown.
func table(all []Outcome) string {
	var b strings.Builder
	b.WriteString("| situation | place | answer | | first finding |\n|---|---|---|---|---|\n")
	for _, o := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", o.Situation, o.Place, o.Named, o.Score, strings.ReplaceAll(o.Text, "|", "\\|"))
	}
	return b.String()
}

// matrix counts, for each true place, what was said.
func matrix(all []Outcome) string {
	count := map[[2]string]int{}
	var columns []string
	for _, o := range all {
		if o.Score == Spoilt {
			o.Named = "busy"
		}
		count[[2]string{o.Place, o.Named}]++
		if !slices.Contains(columns, o.Named) {
			columns = append(columns, o.Named)
		}
	}
	slices.Sort(columns)
	var b strings.Builder
	b.WriteString("| planted at | " + strings.Join(columns, " | ") + " |\n|---" + strings.Repeat("|---", len(columns)) + "|\n")
	for _, place := range allPlaces {
		cells := []string{place}
		for _, c := range columns {
			cell := ""
			if n := count[[2]string{place, c}]; n > 0 {
				cell = fmt.Sprint(n)
			}
			cells = append(cells, cell)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return b.String()
}

// sum counts the scores.
func sum(all []Outcome) map[Score]int {
	n := map[Score]int{}
	for _, o := range all {
		n[o.Score]++
	}
	return n
}
