package thresholds

import (
	"math/rand/v2"
	"slices"
	"testing"

	"netready/internal/seed"
	"netready/probe/facts"
)

// ends cuts the call short for this reason.
func (m *made) ends(after int, code string) {
	m.lasting(after)
	m.Complete, m.Voice.DurationAskedS = false, 30
	m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: "voice.complete", Reason: "ended", Code: code})
}

// falls makes the call silent from a second on.
func (m *made) falls(from int) {
	silent := func(i int) int {
		if i >= from {
			return 50
		}
		return int(*m.Voice.Timeline[i].Up.LossPercent / 2)
	}
	m.Voice.Up.Lost, m.Voice.Down.Lost = 0, 0
	m.lose(Up, silent)
	m.lose(Down, func(i int) int { return silent(i) / 50 * 50 })
	for i := from; i < len(m.Voice.Timeline); i++ {
		m.Voice.Timeline[i].RTTMS = nil
	}
}

// loseInLAN loses one packet up in twenty, and the gateway's pings with them.
func (m *made) loseInLAN() {
	m.lose(Up, func(int) int { return 2 + m.IntN(2) })
	for _, s := range m.Voice.Timeline {
		s.Gateway.Lost = 1
		m.Ping[0].Lost++
		m.Ping[0].Samples--
	}
}

// late makes so many packets up of every second too late, and tells the seconds.
func (m *made) late(way Way, late func(second int) int) {
	d, all := direction(m.Voice, way), 0
	for i, s := range m.Voice.Timeline {
		n := late(i)
		side := sideOf(s, way)
		side.Discarded = &n
		if n > 0 {
			side.DelayMS = new(60.0)
		}
		all += n
	}
	d.Discarded, d.DiscardPercent = &all, new(percent*float64(all)/float64(d.Sent))
}

// at gives n in the second at, and 0 in all others.
func at(at, n int) func(int) int {
	return func(i int) int {
		if i == at {
			return n
		}
		return 0
	}
}

func always(n int) func(int) int { return func(int) int { return n } }

// inEvery gives n in every nth second.
func inEvery(nth, n int) func(int) int {
	return func(i int) int {
		if i%nth == 2 {
			return n
		}
		return 0
	}
}

// roams moves the PC to another access point.
func (m *made) roams(at float64) {
	m.Machine.Interface.Kind = facts.Wifi
	m.Machine.Interface.Wifi = &facts.WifiLink{Roams: []facts.Roam{{AtS: at}}}
}

// Each of these pairs differs in the evidence alone: where it is of something else, the
// cause is not named, and what was bad before keeps its own.
func TestBlameFollowsTheEvidence(t *testing.T) {
	for name, test := range map[string]struct {
		plant func(*made)
		named []string // these causes, each of which explains something
		never []string
	}{
		"loss in the LAN, then the responder is stopped": {func(m *made) {
			m.ends(20, facts.CodeFarEnded)
			m.loseInLAN()
		}, []string{"far_end_ended", "lan"}, nil},
		"the responder is stopped, and that loses packets": {func(m *made) {
			m.ends(20, facts.CodeFarEnded)
			m.lose(Up, at(19, 20+m.IntN(30)))
		}, []string{"far_end_ended"}, []string{"lan", "beyond", "untold"}},
		"loss in the LAN, then silence": {func(m *made) {
			m.ends(30, facts.CodeFarSilent)
			m.loseInLAN()
			m.falls(29)
		}, []string{"far_end_gone", "lan"}, nil},
		"jitter in the LAN, then silence": {func(m *made) {
			m.ends(30, facts.CodeFarSilent)
			m.Voice.Up.JitterMS, m.Ping[0].JitterMS = new(60.0), new(50.0)
			m.falls(22)
		}, []string{"far_end_gone", "lan"}, nil},
		"a long way, then silence": {func(m *made) {
			m.ends(30, facts.CodeFarSilent)
			m.Voice.RTT.MinMS, m.Voice.RTT.AvgMS = new(198.0), new(200.0)
			m.falls(22)
		}, []string{"far_end_gone", "distance"}, nil},
		"silence after a good call": {func(m *made) {
			m.ends(30, facts.CodeFarSilent)
			m.falls(3 + m.IntN(20))
		}, []string{"far_end_gone"}, []string{"lan", "beyond", "untold"}},
		"silence after several good calls": {func(m *made) {
			m.ends(30, facts.CodeFarSilent)
			other := *m.Voice.Up
			other.Lost, other.LossPercent, other.MOS = 600, new(40.0), new(1.5)
			for i := 18; i < 30; i++ {
				s := &m.Voice.Timeline[i]
				s.CallsUp, s.RTTMS, s.Up, s.Down = &facts.SecondCount{Sent: 50, Lost: 50}, nil, nil, nil
			}
			m.Voice.Timeline[29].Up = &facts.SecondSide{Sent: 5, LossPercent: new(100.0)}
			for i := 18; i < 29; i++ {
				m.Voice.Timeline[i].Up = m.Voice.Timeline[29].Up
			}
			m.Voice.PerCall = []facts.CallPair{{Up: m.Voice.Up, Down: m.Voice.Down}, {Up: &other, Down: m.Voice.Down}}
		}, []string{"far_end_gone"}, []string{"lan", "beyond", "untold"}},
		"a roam that loses a few, and late packets by a full upload": {func(m *made) {
			m.roams(12.4)
			m.lose(Up, at(12, 8))
			m.queue(Up, 0, 30, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.late(Up, always(6))
		}, []string{"queue_somewhere"}, []string{"wifi_roamed"}},
		"the same, of an older result": {func(m *made) {
			m.roams(12.4)
			m.lose(Up, at(12, 8))
			m.queue(Up, 0, 30, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.Voice.Up.DiscardPercent = new(12.0)
		}, []string{"queue_somewhere"}, []string{"wifi_roamed"}},
		"a roam that makes packets late": {func(m *made) {
			m.roams(12.4)
			m.late(Up, at(12+m.IntN(2), 45))
			m.Voice.Up.MOS = new(3.0)
		}, []string{"wifi_roamed"}, []string{"beyond", "wifi"}},
		"a new mapping that loses a few, and late packets by a full upload": {func(m *made) {
			m.change(12.4, false)
			m.lose(Up, at(12, 8))
			m.queue(Up, 0, 30, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.late(Up, always(6))
		}, []string{"queue_somewhere"}, []string{"mapping_lost"}},
		"another line that loses a few, a long way and jitter": {func(m *made) {
			m.change(12.4, true)
			m.lose(Up, at(12, 8))
			m.Voice.RTT.AvgMS, m.Voice.RTT.MinMS, m.Voice.Up.JitterMS = new(200.0), new(198.0), new(45.0)
		}, []string{"beyond"}, []string{"line_moved"}},
		"another line that loses many": {func(m *made) {
			m.change(12.4, true)
			m.lose(Up, at(12, 30))
		}, []string{"line_moved"}, []string{"beyond"}},
		"a MOS that is low by loss behind a slow gateway": {func(m *made) {
			m.atRandom(Up, 0.1)
			m.Ping[0].AvgMS = new(40.0)
			m.Voice.RTT.AvgMS, m.Voice.RTT.P95MS = new(90.0), new(110.0)
		}, []string{"beyond"}, []string{"lan"}},
		"a MOS that is low by the delay of a slow LAN": {func(m *made) {
			m.Ping[0].AvgMS = new(480.0)
			m.Voice.RTT.AvgMS, m.Voice.RTT.MinMS, m.Voice.RTT.P95MS = new(520.0), new(500.0), new(540.0)
			m.Voice.Up.MOS = new(3.2)
			m.lose(Down, at(m.IntN(30), 1))
		}, []string{"lan"}, []string{"beyond"}},
		"late packets, and a router that is late in other seconds": {func(m *made) {
			m.late(Up, inEvery(4, 40))
			m.route(none, noRise)
			m.hopLate(func(i int) int { return inEvery(4, 6)(i + 1) })
		}, []string{"beyond"}, []string{"line"}},
		"late packets in most seconds, and a router that is late in the others": {func(m *made) {
			m.late(Up, func(i int) int { return 12 - inEvery(3, 12)(i) })
			m.route(none, noRise)
			m.hopLate(inEvery(3, 8))
		}, []string{"beyond"}, []string{"line"}},
		"late packets, and a router that is late with them": {func(m *made) {
			m.late(Up, inEvery(4, 40))
			m.route(none, noRise)
			m.hopLate(inEvery(4, 7))
		}, []string{"line"}, []string{"beyond"}},
		"a new mapping of another call": {func(m *made) {
			m.threeCalls(2)
			m.change(12.4, false)
			m.lose(Up, at(12, 30))
		}, []string{"beyond"}, []string{"mapping_lost"}},
		"a new mapping of the reported call": {func(m *made) {
			m.threeCalls(0)
			m.change(12.4, false)
			m.lose(Up, at(12, 30))
		}, []string{"mapping_lost"}, []string{"beyond"}},
		"the checks of calls that lose more than the reported one": {func(m *made) {
			m.atRandom(Up, 0.05)
			m.threeCalls(0)
			for i := range m.Voice.Timeline {
				m.Voice.Timeline[i].CallsUp = &facts.SecondCount{Sent: 150}
				for range 150 {
					m.Voice.Timeline[i].CallsUp.Lost += m.IntN(100) / 77 // 23 %
				}
			}
			m.Voice.RTT.Samples, m.Voice.RTT.Lost = 346, 104
		}, nil, []string{"rate_limit"}},
	} {
		t.Run(name, func(t *testing.T) {
			start := seed.Of(t)
			chance := map[string]int{}
			if len(test.named) == 1 {
				chance = byChance(name, test.named[0])
			}
			for i := range uint64(40) {
				m := sound(rand.New(rand.NewPCG(start, i)))
				test.plant(m)
				var named []string
				for _, f := range Default().Judge(m.Result) {
					if f.What == WhatCause && f.Explains != nil {
						named = append(named, f.Cause)
					}
				}
				if len(named) == 1 && chance[named[0]] > 0 && !slices.Contains(test.named, named[0]) {
					chance[named[0]]--
					continue
				}
				for _, cause := range test.named {
					if !slices.Contains(named, cause) {
						t.Fatalf("seed %d: %v lacks %s", i, named, cause)
					}
				}
				for _, cause := range test.never {
					if slices.Contains(named, cause) {
						t.Fatalf("seed %d: %v names %s", i, named, cause)
					}
				}
			}
		})
	}
}

// hopLate makes so many answers of the first router late in every second.
func (m *made) hopLate(late func(second int) int) {
	for i := range m.Voice.Timeline {
		m.Voice.Timeline[i].Hop.Late = late(i)
		m.Path.Hops[1].Late += late(i)
	}
}

// threeCalls makes it three calls, of which one is reported.
func (m *made) threeCalls(reported int) {
	good := *m.Voice.Up
	for i := range 3 {
		pair := facts.CallPair{Up: &good, Down: m.Voice.Down}
		if i == reported {
			pair.Up = m.Voice.Up
		}
		m.Voice.PerCall = append(m.Voice.PerCall, pair)
	}
	m.Voice.Reported = &reported
}

// MOS and loss of one cause have one place.
func TestMOSFollowsTheLoss(t *testing.T) {
	start := seed.Of(t)
	for i := range uint64(40) {
		m := sound(rand.New(rand.NewPCG(start, i)))
		m.atRandom(Up, 0.1)
		m.Ping[0].AvgMS = new(40.0)
		m.Voice.RTT.AvgMS, m.Voice.RTT.P95MS = new(90.0), new(110.0)
		j := &judge{limits: Default(), result: m.Result}
		if loss, mos := j.where(Loss, Up), j.where(MOS, Up); loss != mos {
			t.Fatalf("seed %d: loss at %v, MOS at %v", i, loss, mos)
		}
	}
}

// Only what arrives has an order: of 100 packets that arrived, none out of order, it is
// not sure, however many were sent.
func TestOrderIsOfWhatArrived(t *testing.T) {
	r := goodResult()
	d := r.Voice.Up
	d.Sent, d.Received, d.InOrderPercent = 1500, 100, new(100.0)
	d.InOrderInterval = &facts.Interval{LowPercent: 96.3, HighPercent: 100}
	for _, m := range Measures() {
		if m.Key == Order {
			if f := Default().measure(r, m, Up); !f.Borderline {
				t.Errorf("%+v", f)
			}
			d.Received = 1500
			if f := Default().measure(r, m, Up); f.Borderline {
				t.Errorf("%+v", f)
			}
		}
	}
}
