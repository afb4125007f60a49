package thresholds

import (
	"fmt"
	"strings"

	"netready/probe/facts"
)

// enoughDrops is the least number of dropped packets that this machine's own
// counters have to show, and nearlyAll the least share of the losses that they
// have to explain: they count other programs' packets too.
const (
	enoughDrops = 5
	nearlyAll   = 0.8
)

// interfaceDropped is the sign that the packets were lost within this machine.
func interfaceDropped(m matter) (string, float64) {
	pc, g, d := m.result.Voice.PC, m.gateway(), m.directionOrLoop(m.way)
	if pc == nil || d == nil || m.way == Down || d.Lost == 0 {
		return "", 0
	}
	dropped, lost := 0.0, float64(max(d.Lost, m.lostUp()))
	for _, n := range []*int64{pc.InterfaceDrops, pc.InterfaceErrors, pc.SendErrors} {
		if n != nil {
			dropped += float64(*n)
		}
	}
	if g == nil || g.Lost == g.NotSent || m.placeByGateway(m.key, m.way) != inLAN {
		return "", 0 // a system also counts dropped packets that were not for it
	}
	lost += float64(g.Lost - g.NotSent)
	if dropped < enoughDrops || dropped < nearlyAll*lost {
		return "", 0
	}
	return fmt.Sprintf("its own interface and send buffers dropped %.0f packets while the call up and the pings of the gateway lost %.0f", dropped, lost), 1
}

// lostUp is how many packets up all calls lost: the counters are of all.
func (j *judge) lostUp() int {
	lost := 0
	for _, c := range j.result.Voice.PerCall {
		if c.Up != nil {
			lost += c.Up.Lost
		}
	}
	return lost
}

// isHalfDuplex is the sign that only one side of the link can send at a time.
func isHalfDuplex(m matter) (string, float64) {
	if m.result.Machine.Interface.Duplex != facts.DuplexHalf {
		return "", 0
	}
	return "the interface runs at half duplex", 1
}

// badAtRoams is the sign that packets were lost, or too late, while the PC changed its
// access point.
func badAtRoams(m matter) (string, float64) {
	w := m.result.Machine.Interface.Wifi
	if w == nil || len(w.Roams) == 0 {
		return "", 0
	}
	var at []string
	for _, r := range w.Roams[:min(len(w.Roams), mostShifts)] {
		at = append(at, clock(r.AtS))
	}
	share, what := m.badOnlyThere(func(s facts.Second) bool {
		for _, r := range w.Roams {
			if at := int(r.AtS); s.Second >= at-nearChange && s.Second <= at+nearChange {
				return true
			}
		}
		return false
	})
	return fmt.Sprintf("it moved to another access point %s (at %s), where %s of the packets that were %s %s were so",
		times(len(w.Roams)), strings.Join(at, ", "), Figure(percent*share, "%"), what, m.way.words()), share
}

// radioWords describe the radio, where the system tells: 2.4 GHz, -78 dBm.
func radioWords(m matter) (string, float64) {
	words := RadioWords(m.result.Machine.Interface.Wifi, Figure)
	if len(words) == 0 {
		return "", 1
	}
	return "the radio: " + strings.Join(words, ", "), 1
}
