package thresholds

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"netready/internal/seed"
	"netready/probe/facts"
)

// neighbour makes the far end a machine of the same network, whose silent socket answers no
// question of the path.
func (m *made) neighbour() {
	m.Path.Via, m.Path.Code = facts.ViaDirect, facts.PathSilent
}

// shut is a required row of the responder that nobody answers.
func shut(name, protocol string) facts.PortRow {
	return facts.PortRow{Name: name, Protocol: protocol, Host: facts.HostResponder, Required: true, Status: facts.StatusFail, Reason: facts.ReasonNoReply}
}

// elsewhere is an optional row of another host.
func elsewhere(status string) facts.PortRow {
	row := facts.PortRow{Name: "STUN elsewhere", Protocol: "stun", Host: "stun.example.com", Port: 19302, Status: status}
	if status == facts.StatusFail {
		row.Reason = facts.ReasonNoReply
	}
	return row
}

// carrier puts a router of a provider's own NAT behind the gateway.
func (m *made) carrier() {
	m.route(none, noRise)
	m.Path.Hops[1].Address = "100.72.0.1"
}

// fullLAN makes packets up and the gateway's answers wait in some seconds.
func (m *made) fullLAN(from, to int) {
	m.queue(Up, from, to, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
	m.discard(Up)
	late := 20 * (to - from)
	m.Ping[0].AvgMS, m.Ping[0].MaxMS, m.Ping[0].Late = new(1.1+150*float64(to-from)/30), new(230.0), late-late/60
	for i := from; i < to; i++ {
		m.Voice.Timeline[i].Gateway.AvgMS = new(150.0)
	}
}

// traffic is what other programs of this PC send in each second, beside the call.
func (m *made) traffic(mbps func(second int) float64) {
	for i := range m.Voice.Timeline {
		others := mbps(i)
		m.Voice.Timeline[i].Line = &facts.LineSecond{UpMbps: others + 0.1, DownMbps: 0.1, OthersUpMbps: others}
	}
}

// far makes the round trip take so long at least, and nearly always by spread more at most.
func (m *made) far(trip, spread float64) {
	v := &m.Voice
	for i := range v.Timeline {
		v.Timeline[i].RTTMS = new(trip + m.Float64()*spread/2)
	}
	v.RTT.MinMS, v.RTT.AvgMS, v.RTT.P95MS, v.RTT.MaxMS = new(trip), new(trip+spread/4), new(trip+spread), new(trip+2*spread)
	m.Ping[1].MinMS, m.Ping[1].AvgMS, m.Ping[1].MaxMS = new(trip), new(trip+1), new(trip+2)
}

// Who is named first in situations that were once blamed on somebody else. Each comes with
// its counterpart, in which that place is the right one.
func TestNobodyElseIsBlamed(t *testing.T) {
	for name, test := range map[string]struct {
		plant func(*made)
		want  string
		place string
	}{
		"loss on the way to a machine of the same network": {func(m *made) {
			m.neighbour()
			m.atRandom(Up, 0.05)
		}, "neighbour", PlaceLAN},
		"a queue on the way to a machine of the same network": {func(m *made) {
			m.neighbour()
			m.queue(Up, 0, 30, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.discard(Up)
		}, "neighbour", PlaceLAN},
		"a far end of the same network that answers the path's questions": {func(m *made) {
			m.Path.Hops = []facts.Hop{{TTL: 1, Address: "192.168.1.9", Role: facts.HopFarEnd, Answered: 3}}
			m.atRandom(Down, 0.05)
		}, "neighbour", PlaceLAN},
		"a far end of the same network, and a state that is dropped": {func(m *made) {
			m.neighbour()
			from := 5 + m.IntN(10)
			m.falls(from)
		}, "neighbour", PlaceLAN},
		"a far end of the same network that is busy": {func(m *made) {
			m.neighbour()
			m.Voice.Down.JitterMS = new(45.0)
			m.Voice.Down.Unreliable = []facts.Unreliable{{Code: facts.UnreliableResponder, Text: "the responder sent late", Packets: 600}}
		}, "responder_busy", PlaceFarEnd},
		"packets that come twice from a machine of the same network": {func(m *made) {
			m.neighbour()
			m.Voice.Down.Duplicates = 100 + m.IntN(1000)
		}, "duplicates_lan", PlaceLAN},
		"an address of the same network behind a router that answers": {func(m *made) {
			m.route(none, noRise)
			m.Path.Via = facts.ViaDirect
			m.atRandom(Up, 0.1)
		}, "past_line", PlaceBeyond},
		"ports of a responder of the same network": {func(m *made) {
			m.neighbour()
			m.Firewall = []facts.PortRow{shut("Media range", "udp-range"), elsewhere(facts.StatusFail)}
		}, "closed_somewhere", PlaceUnknown},

		"media ports that only the responder's operator can have closed": {func(m *made) {
			m.Firewall = []facts.PortRow{shut("Media range", "udp-range"), shut("STUN", "stun"), elsewhere(facts.StatusPass)}
		}, "closed_somewhere", PlaceUnknown},
		"a STUN port of the responder, by its address": {func(m *made) {
			row, open := shut("STUN", "stun"), shut("UDP", "udp")
			row.Host, open.Host, open.Status, open.Reason = "203.0.113.1", "203.0.113.1", facts.StatusPass, ""
			m.Firewall = []facts.PortRow{open, row, elsewhere(facts.StatusPass)}
		}, "closed_somewhere", PlaceUnknown},
		"the same, and a result that names it nowhere else": {func(m *made) {
			row := shut("STUN", "stun")
			row.Host, m.Path.Target = "203.0.113.1", "203.0.113.1:5000"
			m.Firewall = []facts.PortRow{row, elsewhere(facts.StatusPass)}
		}, "closed_somewhere", PlaceUnknown},
		"all UDP of the responder, of which nothing arrives": {func(m *made) {
			m.Firewall = []facts.PortRow{shut("UDP", "udp"), elsewhere(facts.StatusPass)}
			m.Voice.Up, m.Voice.Down = nil, nil
			m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: "voice.down", Reason: "no answer", Code: facts.CodeNoUDPUp})
		}, "closed_somewhere", PlaceUnknown},
		"all UDP, that of another host too": {func(m *made) {
			m.Firewall = []facts.PortRow{shut("UDP", "udp"), elsewhere(facts.StatusFail)}
			m.Voice.Up, m.Voice.Down = nil, nil
			m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: "voice.down", Reason: "no answer", Code: facts.CodeNoUDPUp})
		}, "ports_closed", PlaceFirewall},
		"ports of the responder that a router on the way refuses": {func(m *made) {
			row := shut("Media range", "udp-range")
			row.Reason, row.By = facts.ReasonProhibited, facts.ByPath
			m.Firewall = []facts.PortRow{row, elsewhere(facts.StatusPass)}
		}, "ports_closed", PlaceFirewall},

		"a mapping that a provider's NAT may have lost": {func(m *made) {
			m.carrier()
			m.change(12.4, false)
			m.lose(Down, at(12, 30))
		}, "nat_somewhere", PlaceUnknown},
		"the same, and no limit is broken": {func(m *made) {
			m.carrier()
			m.change(12.4, false)
		}, "nat_somewhere", PlaceUnknown},
		"the same, of an anonymous result": {func(m *made) {
			m.carrier()
			m.Path.Hops[1].Address, m.Path.Hops[1].Scope = "", facts.ScopeShared
			m.change(12.4, false)
			m.lose(Down, at(12, 30))
		}, "nat_somewhere", PlaceUnknown},
		"a state that a provider's NAT may have dropped": {func(m *made) {
			m.carrier()
			m.falls(5 + m.IntN(10))
		}, "nat_somewhere", PlaceUnknown},
		"a PC that is connected by a mobile network, and a new mapping": {func(m *made) {
			m.Machine.Interface.Address = "100.101.1.2"
			m.change(12.4, false)
			m.lose(Down, at(12, 30))
		}, "nat_somewhere", PlaceUnknown},
		"a region that is far away": {func(m *made) { m.far(278, 4) }, "distance", PlaceRegion},
		"a region that is far away, by its routers": {func(m *made) {
			m.far(278, 4)
			m.route(none, noRise)
		}, "distance", PlaceRegion},
		"a region that is far away, behind a private router": {func(m *made) {
			m.far(200, 12)
			m.route(none, noRise)
			m.Path.Hops[1].Address = "10.20.30.1"
		}, "distance", PlaceRegion},
		"a MOS that is low by distance": {func(m *made) {
			m.far(420, 4)
			m.Voice.Up.MOS = new(3.4)
		}, "distance", PlaceRegion},
		"a satellite's line": {func(m *made) {
			m.far(560, 4)
			m.route(none, func(int) float64 { return 540 })
		}, "line", PlaceLine},
		"a round trip that is long and changes": {func(m *made) {
			m.far(160, 120)
			m.route(none, noRise)
		}, "past_line", PlaceBeyond},
		"a round trip that is long in the LAN": {func(m *made) {
			m.far(200, 4)
			m.Ping[0].MinMS, m.Ping[0].AvgMS = new(195.0), new(198.0)
		}, "lan", PlaceLAN},

		"this PC's own upload, which fills a slow cable": {func(m *made) {
			m.Machine.Interface.Mbps = new(10.0)
			m.fullLAN(0, 30)
			m.traffic(func(int) float64 { return 9.2 })
		}, "own_traffic", PlacePC},
		"this PC's own upload over Wi-Fi": {func(m *made) {
			m.Machine.Interface.Kind, m.Machine.Interface.Mbps = facts.Wifi, new(54.0)
			m.fullLAN(0, 30)
			m.traffic(func(int) float64 { return 24 })
		}, "own_traffic", PlacePC},
		"this PC's own upload in the bad seconds alone, over a link of unknown speed": {func(m *made) {
			m.fullLAN(8, 22)
			m.traffic(func(i int) float64 {
				if i >= 8 && i < 22 {
					return 3 + m.Float64()
				}
				return 0.1
			})
		}, "own_traffic", PlacePC},
		"a full LAN, of which this PC has a small part": {func(m *made) {
			m.Machine.Interface.Mbps = new(1000.0)
			m.fullLAN(0, 30)
			m.traffic(func(int) float64 { return 3 })
		}, "lan", PlaceLAN},
		"losses in the LAN while this PC sends as always": {func(m *made) {
			m.Machine.Interface.Mbps = new(100.0)
			m.loseInLAN()
			m.traffic(func(int) float64 { return 5 })
		}, "lan", PlaceLAN},
		"this PC's own upload, and a gateway that answers well": {func(m *made) {
			m.Machine.Interface.Mbps = new(10.0)
			m.atRandom(Up, 0.1)
			m.traffic(func(int) float64 { return 9.2 })
		}, "beyond", PlaceBeyond},

		"a mapping that the gateway alone can have lost": {func(m *made) {
			m.route(none, noRise)
			m.change(12.4, false)
			m.lose(Down, at(12, 30))
		}, "mapping_lost", PlaceFirewall},
	} {
		t.Run(name, func(t *testing.T) {
			isNamedFirst(t, test.plant, test.want, test.place, byChance(name, test.want))
		})
	}
}

// isNamedFirst plants a fault in 40 sound results and wants each time the same cause at the
// same place, which comes first where it explains a broken limit. chance says how many may
// have another cause.
func isNamedFirst(t *testing.T, plant func(*made), want, place string, chance map[string]int) {
	t.Helper()
	start := seed.Of(t)
	for i := range uint64(40) {
		m := sound(rand.New(rand.NewPCG(start, i)))
		plant(m)
		f := finding(t, m.Result, WhatCause)
		if chance[f.Cause] > 0 {
			chance[f.Cause]--
			continue
		}
		if f.Cause != want || f.Code != place {
			t.Fatalf("seed %d: cause %q at %q (%s), want %q at %q", i, f.Cause, f.Code, f.Text, want, place)
		}
		if first := Default().Judge(m.Result)[0]; f.Explains != nil && first.Text != f.Text {
			t.Fatalf("seed %d: the place does not come first: %+v", i, first)
		}
	}
}

// Rows that failed for several reasons: each reason explains its own rows.
func TestEachKindExplainsItsOwnRows(t *testing.T) {
	own, there := failedRow(facts.ReasonProhibited), failedRow(facts.ReasonRefused)
	own.By, there.By = facts.ByThisMachine, facts.ByFarEnd
	for name, test := range map[string]struct {
		rows []facts.PortRow
		want []string // all causes
	}{
		"DNS, and the far end refuses":              {[]facts.PortRow{failedRow(facts.ReasonDNS), there}, []string{"names", "refused_there"}},
		"this machine refuses, and silence":         {[]facts.PortRow{failedRow(facts.ReasonNoReply), own}, []string{"own_firewall", "ports_closed"}},
		"DNS, silence and an inspection":            {[]facts.PortRow{failedRow(facts.ReasonDNS), failedRow(facts.ReasonNoReply), failedRow(facts.ReasonIntercepted)}, []string{"names", "intercepted", "ports_closed"}},
		"silence of the responder, and of a host":   {[]facts.PortRow{shut("STUN", "stun"), failedRow(facts.ReasonNoReply)}, []string{"ports_closed", "closed_somewhere"}},
		"most are silent, one is not resolved":      {[]facts.PortRow{failedRow(facts.ReasonNoReply), failedRow(facts.ReasonNoReply), failedRow(facts.ReasonDNS)}, []string{"ports_closed", "names"}},
		"a wrong answer alone":                      {[]facts.PortRow{failedRow(facts.ReasonProtocol)}, nil},
		"a wrong answer, and a name":                {[]facts.PortRow{failedRow(facts.ReasonProtocol), failedRow(facts.ReasonDNS)}, []string{"names"}},
		"the far end refuses":                       {[]facts.PortRow{there, there}, []string{"refused_there"}},
		"no route, and this machine refuses others": {[]facts.PortRow{failedRow(facts.ReasonUnreachable), own, own}, []string{"own_firewall", "no_route"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := goodResult()
			r.Firewall = test.rows
			var got []string
			sum := 0.0
			for _, f := range Default().Judge(r) {
				if f.What == WhatCause && f.Explains != nil {
					got, sum = append(got, f.Cause), sum+*f.Explains
				}
			}
			if !slices.Equal(got, test.want) || sum > 1.01 {
				t.Errorf("got %v, which explain %g, want %v", got, sum, test.want)
			}
		})
	}
}

// The sentence about ports that somebody closed names both who may have.
func TestBothFirewallsAreNamed(t *testing.T) {
	r := goodResult()
	r.Firewall = []facts.PortRow{shut("Media range", "udp-range"), elsewhere(facts.StatusPass)}
	findings := Default().Judge(r)
	f := findings[0]
	if f.Cause != "closed_somewhere" || !strings.Contains(f.Text, "firewall of this network and one at the responder") || !strings.Contains(f.Advice, "another network") {
		t.Errorf("first %+v", f)
	}
}

// A responder that spoilt few packets is blamed for these, and for no figure that is bad
// without them.
func TestBusyResponderExplainsWhatItSpoilt(t *testing.T) {
	for name, test := range map[string]struct {
		lost, spoilt int // of 1500 packets up
		level        Level
		want         string  // cause
		explains     float64 // of the loss
		sure         Confidence
	}{
		"most of them":                          {40, 38, Unknown, "responder_busy", 0.95, High},
		"some more than half":                   {40, 27, Unknown, "responder_busy", 0.675, Medium},
		"few, and the rest breaks the limit":    {75, 10, Fail, "beyond", 1, Medium},
		"half, and the rest breaks the limit":   {75, 40, Fail, "beyond", 1, Medium},
		"few, and the rest does not":            {20, 8, Unknown, "", 0, ""},
		"an earlier version, which counts none": {75, 0, Unknown, "responder_busy", 1, High},
	} {
		t.Run(name, func(t *testing.T) {
			m := sound(rand.New(rand.NewPCG(1, 1)))
			left := test.lost
			for i := range 2 * len(m.Voice.Timeline) {
				side := m.Voice.Timeline[i%30].Up
				if n := min(left, (test.lost+29)/30, 50); i < 30 {
					side.LossPercent, left = new(2*float64(n)), left-n
				}
			}
			up := m.Voice.Up
			up.Lost, up.LossPercent = test.lost, new(percent*float64(test.lost)/float64(up.Sent))
			up.Unreliable = []facts.Unreliable{{Code: facts.UnreliableResponder, Text: "the responder's socket dropped packets", Packets: test.spoilt}}
			if f := finding(t, m.Result, "loss_up"); f.Level != test.level {
				t.Errorf("%s: %s", f.Level, f.Text)
			}
			f := finding(t, m.Result, WhatCause)
			explains := 0.0
			if f.Explains != nil {
				explains = *f.Explains
			}
			if f.Cause != test.want || explains != test.explains || f.Confidence != test.sure {
				t.Errorf("%q explains %g, %s: %s", f.Cause, explains, f.Confidence, f.Text)
			}
		})
	}
}

// A MOS or an order that only the packets of a busy machine make bad says nothing about the
// network; one that is bad without them does.
func TestBusyMachineBendsMOSAndOrder(t *testing.T) {
	for name, test := range map[string]struct {
		late, reordered, spoilt int // of 1500 packets down
		mos, order              Level
		verdict                 Verdict
	}{
		"all of them":                         {380, 45, 400, Unknown, Unknown, Undetermined},
		"the rest keeps both limits":          {400, 60, 340, Unknown, Unknown, Undetermined},
		"the rest breaks both limits":         {400, 140, 100, Fail, Fail, NotReady},
		"few, and the order is bad by itself": {0, 45, 4, Pass, Fail, NotReady},
	} {
		t.Run(name, func(t *testing.T) {
			m := sound(rand.New(rand.NewPCG(1, 1)))
			down := m.Voice.Down
			down.Discarded, down.DiscardPercent = &test.late, new(percent*float64(test.late)/float64(down.Sent))
			down.Reordered, down.InOrderPercent = &test.reordered, new(percent-percent*float64(test.reordered)/float64(down.Received))
			if test.late > 0 {
				down.MOS = new(1.5)
			}
			down.Unreliable = []facts.Unreliable{{Code: facts.UnreliableResponder, Text: "the responder sent late", Packets: test.spoilt}}
			for what, want := range map[string]Level{"mos_down": test.mos, "order_down": test.order} {
				if f := finding(t, m.Result, what); f.Level != want {
					t.Errorf("%s: %s: %s", what, f.Level, f.Text)
				}
			}
			if got := verdict(m.Result); got != test.verdict {
				t.Errorf("verdict %s, want %s", got, test.verdict)
			}
		})
	}
}
