package thresholds

import (
	"fmt"
	"math"
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

// How much of its link other programs of this PC have to use to fill it: of a cable nearly all;
// of Wi-Fi, whose speed is that of the radio, the half that remains for data, less what others
// on the channel take.
const (
	fillsCable, fillsWifi = 0.8, 0.4
	// leastFillMbps is the least traffic that is taken for more than background, and
	// muchMoreTraffic how many times as much must pass in the bad seconds as in the good ones.
	leastFillMbps   = 1
	muchMoreTraffic = 2
	// enoughSeconds of each kind are needed to compare them.
	enoughSeconds = 3
)

// fillsItsLink is the sign that other programs of this PC fill its own link.
func fillsItsLink(m matter) (string, float64) {
	bad, good := m.othersMbps()
	if bad.seconds < enoughSeconds || bad.others < leastFillMbps || bad.others < fillsCable*bad.all {
		return "", 0
	}
	i := m.result.Machine.Interface
	least := fillsCable
	if m.isWifi() {
		least = fillsWifi
	}
	share := 0.0
	if i.Mbps != nil && *i.Mbps > 0 && (m.isWifi() || i.Kind == facts.Wired) {
		share = bad.others / *i.Mbps
	}
	words := fmt.Sprintf("other programs of this PC %s %s while the call is bad", m.sends(), Figure(math.Round(10*bad.others)/10, "Mbit/s"))
	switch {
	case share >= least:
		return words + fmt.Sprintf(", and its link has %s", Figure(*i.Mbps, "Mbit/s")), 1
	case good.seconds >= enoughSeconds && bad.others >= muchMoreTraffic*good.others:
		return words + fmt.Sprintf(", and %s while it is good", Figure(math.Round(10*good.others)/10, "Mbit/s")), 1
	}
	return "", 0
}

// sends is what other programs do on the way of the figure.
func (m matter) sends() string {
	switch m.way {
	case Up:
		return "send"
	case Down:
		return "receive"
	case ThereAndBack:
	}
	return "send and receive"
}

// traffic is the mean of some seconds, in Mbit/s.
type traffic struct{ others, all, seconds float64 }

// othersMbps is the traffic of this PC's link on the way of the figure, in the seconds in
// which the call or the gateway is bad, and in all others.
func (m matter) othersMbps() (bad, good traffic) {
	g := m.gateway()
	for _, s := range m.result.Voice.Timeline {
		if s.Line == nil {
			continue
		}
		isLate := g != nil && g.MinMS != nil && s.Gateway != nil && s.Gateway.AvgMS != nil && *s.Gateway.AvgMS-*g.MinMS >= lateMS
		to := &good
		if isLate || lostIn(s, m.way) > 0 || lateIn(s, m.way) > 0 {
			to = &bad
		}
		to.seconds++
		if m.way != Down {
			to.others, to.all = to.others+s.Line.OthersUpMbps, to.all+s.Line.UpMbps
		}
		if m.way != Up {
			to.others, to.all = to.others+s.Line.OthersDownMbps, to.all+s.Line.DownMbps
		}
	}
	for _, t := range []*traffic{&bad, &good} {
		t.others, t.all = t.others/max(1, t.seconds), t.all/max(1, t.seconds)
	}
	return bad, good
}
