package thresholds

import (
	"math/rand/v2"
	"testing"

	"netready/internal/seed"
	"netready/probe/facts"
)

// lasting cuts the call to so many seconds.
func (m *made) lasting(seconds int) {
	m.Voice.Timeline, m.Voice.DurationS = m.Voice.Timeline[:seconds], float64(seconds)
	m.Ping[0].Samples, m.Voice.RTT.Samples = 20*seconds, 5*seconds
	for _, d := range []*facts.Direction{m.Voice.Up, m.Voice.Down} {
		d.Sent, d.Received = 50*seconds, 50*seconds
	}
}

// atRandom loses packets one by one, and checks alike.
func (m *made) atRandom(way Way, share float64) {
	m.lose(way, func(int) int {
		n := 0
		for range 50 {
			if m.Float64() < share {
				n++
			}
		}
		return n
	})
	all := m.Voice.RTT.Samples
	m.Voice.RTT.Lost = int(float64(all) * share)
	m.Voice.RTT.Samples = all - m.Voice.RTT.Lost
}

// In a call of 8 s chance made losses as even as a limiter does in one of five, and
// the firewall was blamed.
func TestEvennessByChance(t *testing.T) {
	start := seed.Of(t)
	for _, seconds := range []int{6, 8, 10, 12, 20, 30} {
		blamed, untold, told := 0, 0, 0
		const calls = 300
		for i := range uint64(calls) {
			m := sound(rand.New(rand.NewPCG(start, i)))
			m.lasting(seconds)
			m.atRandom(Up, 0.08+m.Float64()/5)
			if i%2 == 0 {
				m.atRandom(Down, m.Float64()/5)
			}
			switch finding(t, m.Result, WhatCause).Cause {
			case "rate_limit":
				blamed++
			case "untold":
				untold++
			default:
				told++
			}
		}
		t.Logf("%d s: %d of %d blamed on a limit of rate, %d untold", seconds, blamed, calls, untold)
		if blamed > 3 || untold > calls/10 {
			t.Errorf("%d s: of %d calls with losses by chance %d were blamed on a limit of rate, %d untold", seconds, calls, blamed, untold)
		}
	}
}

// A limit of rate is found in short calls too, and where it is not surely one the
// provider is not blamed for it.
func TestLimitOfRateInAShortCall(t *testing.T) {
	start := seed.Of(t)
	for _, seconds := range []int{8, 10, 12, 20} {
		found := 0
		for i := range uint64(100) {
			m := sound(rand.New(rand.NewPCG(start, i)))
			m.lasting(seconds)
			through := 20 + m.IntN(25)
			m.lose(Up, func(int) int { return 50 - through + m.IntN(2) })
			m.Voice.RTT.Lost = 5 * seconds * (50 - through) / 50
			m.Voice.RTT.Samples = 5*seconds - m.Voice.RTT.Lost
			switch f := finding(t, m.Result, WhatCause); f.Cause {
			case "rate_limit":
				found++
			case "untold":
			default:
				t.Fatalf("%d s, seed %d: %s: %s", seconds, i, f.Cause, f.Text)
			}
		}
		if seconds >= 10 && found < 90 {
			t.Errorf("%d s: found in %d of 100", seconds, found)
		}
	}
}

// A limit of all UDP counts both ways together: what gets through of each differs from
// second to second, and their sum does not.
func TestLimitOfBothWays(t *testing.T) {
	start, found := seed.Of(t), 0
	for i := range uint64(100) {
		m := sound(rand.New(rand.NewPCG(start, i)))
		m.lasting(12)
		lost := func(second int) int { return 10 + (7*second+int(i))%13 }
		m.lose(Up, lost)
		m.lose(Down, func(second int) int { return 35 - lost(second) + m.IntN(2) })
		m.Voice.RTT.Lost, m.Voice.RTT.Samples = 35, 25
		switch f := finding(t, m.Result, WhatCause); f.Cause {
		case "rate_limit":
			found++
		case "untold":
		default:
			t.Fatalf("seed %d: %s: %s", i, f.Cause, f.Text)
		}
	}
	if found < 90 {
		t.Errorf("found in %d of 100", found)
	}
}

// Where one way may be limited, the other way's losses accuse nobody: one limit may count both.
func TestLimitThatTheOtherWayShows(t *testing.T) {
	start := seed.Of(t)
	for i := range uint64(50) {
		m := sound(rand.New(rand.NewPCG(start, i)))
		m.lasting(12)
		m.atRandom(Up, 0.6)
		m.Voice.Up.Burst.Dispersion = &facts.Dispersion{Windows: 59, Ratio: 0.5} // suspect, not proved
		m.atRandom(Down, 0.09)
		m.Voice.Down.Burst.Dispersion = &facts.Dispersion{Windows: 56, Ratio: 1.1}
		m.Voice.RTT.Lost, m.Voice.RTT.Samples = 33, 27
		if f := finding(t, m.Result, WhatCause); f.Cause != "untold" && f.Cause != "rate_limit" {
			t.Fatalf("seed %d: %s: %s", i, f.Cause, f.Text)
		}
	}
}

// A queue in which checks are lost is seen by how long the packets wait: it is no limit
// of rate.
func TestQueueThatTakesTheChecks(t *testing.T) {
	start := seed.Of(t)
	for i := range uint64(50) {
		m := sound(rand.New(rand.NewPCG(start, i)))
		m.lose(Up, func(int) int { return 12 + m.IntN(5) })
		m.queue(Up, 1, 30, func() float64 { return 250 + 20*m.Float64() }, func() float64 { return 7 })
		m.loseChecks(2)
		if f := finding(t, m.Result, WhatCause); f.Code != PlaceLine {
			t.Fatalf("seed %d: %s: %s", i, f.Cause, f.Text)
		}
	}
}

// Each is evidence that something contradicts: the finding says so, or names
// who is left.
func TestContradictedEvidenceAccusesNobody(t *testing.T) {
	for name, test := range map[string]struct {
		plant func(*made)
		never string // the cause that was named
	}{
		"losses by chance, and moves to another access point all the time": {func(m *made) {
			m.Machine.Interface.Kind = facts.Wifi
			m.Machine.Interface.Wifi = &facts.WifiLink{}
			for at := 1; at < 30; at += 4 {
				m.Machine.Interface.Wifi.Roams = append(m.Machine.Interface.Wifi.Roams, facts.Roam{AtS: float64(at)})
			}
			m.atRandom(Up, 0.08)
		}, "wifi_roamed"},
		"losses by chance, and a new mapping every other second": {func(m *made) {
			for at := 1.5; at < 30; at += 2 {
				m.change(at, false)
			}
			m.atRandom(Up, 0.08)
		}, "mapping_lost"},
		"late packets up, and a queue on the way down": {func(m *made) {
			m.queue(Down, 5, 25, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.discard(Up)
		}, "line_full"},
		"many late packets, and a queue for a few seconds": {func(m *made) {
			m.queue(Up, 5, 9, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.Voice.Up.DiscardPercent = new(60 + m.Float64()*20)
		}, "line_full"},
		"jitter, and a gateway that answers later than the far end": {func(m *made) {
			m.Voice.Up.JitterMS, m.Ping[0].JitterMS = new(40.0), new(35.0)
			m.Ping[0].AvgMS = new(max(40, 2**m.Voice.RTT.P95MS))
		}, "lan"},
		"jitter, and a gateway that is far more uneven": {func(m *made) {
			m.Voice.RTT.AvgMS = new(140.0)
			m.Voice.Up.JitterMS, m.Ping[0].JitterMS, m.Ping[0].AvgMS = new(31.0), new(200.0), new(25.0)
		}, "lan"},
		"late packets in few seconds, and a gateway that is late in others": {func(m *made) {
			m.queue(Up, 3, 7, func() float64 { return 70 }, func() float64 { return 60 })
			m.Voice.Up.DiscardPercent, m.Ping[0].Late = new(9.0), 60
			for i := 15; i < 20; i++ {
				m.Voice.Timeline[i].Gateway.AvgMS = new(80.0)
			}
		}, "lan"},
		"names that the call's losses take": {func(m *made) {
			m.atRandom(Up, 0.6)
			m.Firewall = append(m.Firewall, facts.PortRow{Name: "n", Protocol: "tls", Required: true, Status: facts.StatusFail, Reason: facts.ReasonDNS})
		}, "names"},
		"drops of the interface, and more losses of several calls": {func(m *made) {
			m.atRandom(Up, 0.08)
			m.losePings(0.08)
			for range 5 {
				m.Voice.PerCall = append(m.Voice.PerCall, facts.CallPair{Up: m.Voice.Up, Down: m.Voice.Down})
			}
			m.Voice.PC = &facts.PC{InterfaceDrops: new(int64(m.Voice.Up.Lost + m.Ping[0].Lost))}
		}, "interface_drops"},
		"a responder's name that does not exist": {func(m *made) {
			m.unreached(facts.DNSNoSuchName)
		}, "names"},
	} {
		t.Run(name, func(t *testing.T) {
			start := seed.Of(t)
			for i := range uint64(40) {
				m := sound(rand.New(rand.NewPCG(start, i)))
				test.plant(m)
				for _, f := range Default().Judge(m.Result) {
					if f.What == WhatCause && f.Cause == test.never && f.Explains != nil {
						t.Fatalf("seed %d: %s: %s", i, f.Cause, f.Text)
					}
				}
			}
		})
	}
}

// unreached makes it a run whose responder could not be reached.
func (m *made) unreached(failed string) {
	m.Voice, m.Region.Failed = facts.Voice{Mode: facts.ModeNone}, failed
	for _, what := range []string{"voice.up", "voice.down"} {
		m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: what, Reason: "the responder cannot be reached: looking up its name", Code: facts.CodeUnreachable})
	}
}

// What nobody was named for, though the evidence was there.
func TestCauseOfWhatHadNone(t *testing.T) {
	for name, test := range map[string]struct {
		plant func(*made)
		want  string
		place string
	}{
		"a resolver that refuses the responder's name": {func(m *made) { m.unreached(facts.ReasonDNS) }, "names", PlaceDNS},
		"a responder that nobody reaches":              {func(m *made) { m.unreached(facts.ReasonRefused) }, "responder_lost", PlaceUnknown},
		"no UDP comes back, and every row passes": {func(m *made) {
			m.Voice.Down = nil
			m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: "voice.down", Reason: "no answer", Code: facts.CodeNoUDPDown})
		}, "closed_somewhere", PlaceUnknown},
		"no UDP comes back, and a part of the ports is closed": {func(m *made) {
			m.Voice.Down = nil
			m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: "voice.down", Reason: "no answer", Code: facts.CodeNoUDPDown})
			m.Firewall = append(m.Firewall, facts.PortRow{Name: "range", Protocol: "udp-range", Required: true, Status: facts.StatusFail, Reason: facts.ReasonPartly})
		}, "closed_somewhere", PlaceUnknown},
		"jitter of a call through a TURN server, in the LAN": {func(m *made) {
			m.throughTURN()
			m.Voice.Loop.JitterMS, m.Ping[0].JitterMS = new(40.0), new(35.0)
		}, "lan", PlaceLAN},
		"late packets of a call through a TURN server, in the LAN": {func(m *made) {
			m.throughTURN()
			m.Voice.Loop.DiscardPercent, m.Ping[0].Late, m.Ping[0].JitterMS = new(20.0), 110, new(35.0)
		}, "lan", PlaceLAN},
		"a limit of rate that several calls run into": {func(m *made) {
			through := 120 + m.IntN(60) // of 200
			m.Voice.PerCall = []facts.CallPair{{Up: m.Voice.Up, Down: m.Voice.Down}, {}, {}, {}}
			for i := range m.Voice.Timeline {
				m.Voice.Timeline[i].CallsUp = &facts.SecondCount{Sent: 200, Lost: 200 - through + m.IntN(2)}
			}
			m.atRandom(Up, 1-float64(through)/200)
			m.Voice.RTT.Lost = 600 * (200 - through) / 200
			m.Voice.RTT.Samples = 600 - m.Voice.RTT.Lost
		}, "rate_limit", PlaceFirewall},
		"jitter of another call than the reported one": {func(m *made) {
			other := *m.Voice.Up
			other.JitterMS = new(45.0)
			m.Ping[0].JitterMS = new(40.0)
			m.Voice.PerCall = []facts.CallPair{{Up: m.Voice.Up, Down: m.Voice.Down}, {Up: &other, Down: m.Voice.Down}}
		}, "lan", PlaceLAN},
		"late packets in few seconds, and the gateway late with them": {func(m *made) {
			m.queue(Up, 3, 7, func() float64 { return 70 }, func() float64 { return 60 })
			m.Voice.Up.DiscardPercent, m.Ping[0].Late, m.Ping[0].JitterMS = new(9.0), 60, new(9.0)
			for i := 3; i < 7; i++ {
				m.Voice.Timeline[i].Gateway.AvgMS = new(80.0)
			}
		}, "lan", PlaceLAN},
	} {
		t.Run(name, func(t *testing.T) {
			start := seed.Of(t)
			for i := range uint64(40) {
				m := sound(rand.New(rand.NewPCG(start, i)))
				test.plant(m)
				if f := finding(t, m.Result, WhatCause); f.Cause != test.want || f.Code != test.place {
					t.Fatalf("seed %d: cause %q at %q (%s), want %q at %q", i, f.Cause, f.Code, f.Text, test.want, test.place)
				}
			}
		})
	}
}

// The limit took 28 % up and a part of the way down until the way down ended: hardly
// a check came through, and the line was blamed, whose probes the limit took too.
func TestLimitOfRateOnBothWays(t *testing.T) {
	start := seed.Of(t)
	for i := range uint64(40) {
		m := sound(rand.New(rand.NewPCG(start, i)))
		m.lasting(12)
		early := func(n int) func(int) int {
			return func(second int) int {
				if second < 5 {
					return n + m.IntN(6)
				}
				return 0
			}
		}
		m.lose(Up, early(27))
		m.lose(Down, early(7))
		m.Voice.RTT.Samples, m.Voice.RTT.Lost = 42, 29
		m.route(early(4), noRise)
		m.Path.Hops[1].Sent = 120
		if f := finding(t, m.Result, WhatCause); f.Cause != "rate_limit" {
			t.Fatalf("seed %d: %s: %s", i, f.Cause, f.Text)
		}
	}
}

// throughTURN makes the call one through a TURN server and back: loss is known of
// each way, the rest of both together.
func (m *made) throughTURN() {
	v := &m.Voice
	loop := *v.Up
	v.Mode, v.Loop = facts.ModeRelay, &loop
	for _, d := range []*facts.Direction{v.Up, v.Down} {
		d.JitterMS, d.DiscardPercent, d.InOrderPercent, d.MOSAtMost = nil, nil, nil, new(4.36)
	}
	for i := range v.Timeline {
		s := &v.Timeline[i]
		s.Loop = s.Up
		s.Up = &facts.SecondSide{Sent: 50, LossPercent: new(0.0)}
		s.Down = &facts.SecondSide{Sent: 50, LossPercent: new(0.0)}
	}
	v.PerCall = []facts.CallPair{{Up: v.Up, Down: v.Down, Loop: v.Loop}}
}

// Where nothing stamps what arrives, a machine that read late measured its own delay as
// the round trip, also inside of itself.
func TestRoundTripThatWasReadLate(t *testing.T) {
	for _, c := range []struct {
		stamps   bool
		readLate int
		want     Level
	}{{false, 100, Unknown}, {false, 0, Fail}, {true, 100, Fail}} {
		r := goodResult()
		r.Region.Responder, r.Machine.Interface.Address = "127.0.0.1:8443", "127.0.0.1"
		r.Voice.RTT.AvgMS, r.Voice.Down.KernelStamps = new(200.0), c.stamps
		if c.readLate > 0 {
			r.Voice.Down.Unreliable = []facts.Unreliable{{Code: facts.UnreliablePC, Text: "it read late", Packets: c.readLate}}
		}
		for _, f := range Default().Judge(r) {
			if f.What == string(RTT) && f.Level != c.want {
				t.Errorf("stamps %v, %d read late: the round trip is %s, want %s", c.stamps, c.readLate, f.Level, c.want)
			}
		}
	}
}
