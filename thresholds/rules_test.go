package thresholds

import (
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
)

var update = flag.Bool("update", false, "write the table in docs/where.md again")

// docs/where.md has the table of rules.
func TestWhereIsDocumented(t *testing.T) {
	const path, begin, end = "../docs/where.md", "<!-- rules -->\n", "<!-- end -->\n"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(page), begin)
	old, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no part between %q and %q", path, begin, end)
	}
	var b strings.Builder
	b.WriteString("| `cause` | place (`code`) | evidence | what looks alike, and what tells | what to do | show it to | sure |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rules {
		b.WriteString("| `" + r.Code + "` | `" + r.Place + "` | " + strings.Join([]string{r.Takes, r.Unlike, r.Advice, r.Show, string(r.Confidence)}, " | ") + " |\n")
	}
	if b.String() == old {
		return
	}
	if !*update {
		t.Fatalf("the rules in %s are not those of the table: go test ./thresholds -run Where -update", path)
	}
	if err := os.WriteFile(path, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every rule says all that a reader needs, and has a place of the list.
func TestRulesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules {
		if r.Code == "" || seen[r.Code] || r.Takes == "" || r.Place == "" || len(r.needs) == 0 || r.of == nil || r.Confidence.weight() == 0 ||
			(r.Where == "") != (r.Place == PlaceUnknown) {
			t.Errorf("%s: a rule needs a code of its own, a place, evidence and its words", r.Code)
		}
		seen[r.Code] = true
	}
}

// made is a call of 30 s over a cable with random small figures, in which
// nothing is wrong: 20 pings of the gateway a second, five checks.
type made struct {
	*rand.Rand
	facts.Result
}

func sound(r *rand.Rand) *made {
	m := &made{r, goodResult()}
	m.Machine.Interface.Kind = facts.Wired
	base := 5 + r.Float64()*80
	v := &m.Voice
	v.DurationS = 30
	for s := range 30 {
		side := func() *facts.SecondSide {
			return &facts.SecondSide{Sent: 50, LossPercent: new(0.0), JitterMS: new(r.Float64()), DelayMS: new(r.Float64() * 2)}
		}
		v.Timeline = append(v.Timeline, facts.Second{
			Second: s, Up: side(), Down: side(), RTTMS: new(base + r.Float64()*2), Gateway: &facts.GatewaySecond{Asked: 20, AvgMS: new(1 + r.Float64()/4)},
		})
	}
	v.RTT = &facts.RTT{Source: facts.RTTStun, Samples: 150, MinMS: new(base), AvgMS: new(base + 1), P95MS: new(base + 2), MaxMS: new(base + 3)}
	m.Ping = []facts.Ping{
		{Role: facts.RoleGateway, Samples: 600, MinMS: new(0.9), AvgMS: new(1.1), MaxMS: new(3.0), JitterMS: new(0.2), Duplicates: new(0)},
		{Role: facts.RoleResponder, Samples: 5, MinMS: new(base), AvgMS: new(base + 1), MaxMS: new(base + 2)},
	}
	for _, d := range []*facts.Direction{v.Up, v.Down} {
		d.Burst = facts.Burst{BurstR: new(1.0), WorstWindowPercent: new(0.0)}
	}
	return m
}

// lose takes so many packets of every second of a way that lost gives.
func (m *made) lose(way Way, lost func(second int) int) {
	d := direction(m.Voice, way)
	for i, s := range m.Voice.Timeline {
		n := min(lost(i), 50)
		side := sideOf(s, way)
		side.LossPercent = new(2 * float64(n))
		d.Lost += n
	}
	d.Received = d.Sent - d.Lost
	d.LossPercent = new(percent * float64(d.Lost) / float64(d.Sent))
	d.MOS = new(max(1, 4.3-*d.LossPercent/5))
}

// losePings takes a share of the pings of the gateway, by chance.
func (m *made) losePings(share float64) {
	for i := range m.Voice.Timeline {
		g := m.Voice.Timeline[i].Gateway
		for range g.Asked {
			if m.Float64() < share {
				g.Lost++
				m.Ping[0].Lost++
				m.Ping[0].Samples--
			}
		}
	}
}

// loseChecks takes the answers of all checks from a second on.
func (m *made) loseChecks(from int) {
	for i := from; i < 30; i++ {
		m.Voice.Timeline[i].RTTMS = nil
	}
	m.Voice.RTT.Samples, m.Voice.RTT.Lost = 5*from, 150-5*from
}

// queue makes the delay of a way rise in some seconds, and the round trip with it.
func (m *made) queue(way Way, from, to int, delay, jitter func() float64) {
	sum := 0.0
	for i := from; i < to; i++ {
		s := m.Voice.Timeline[i]
		d := delay()
		side := sideOf(s, way)
		side.DelayMS, side.JitterMS = new(d), new(jitter())
		*s.RTTMS += d
		sum += d
	}
	m.Voice.RTT.AvgMS = new(*m.Voice.RTT.AvgMS + sum/30)
}

// discards breaks the limit of discards, as a queue does.
func (m *made) discard(way Way) { direction(m.Voice, way).DiscardPercent = new(5 + m.Float64()*50) }

func (m *made) change(at float64, otherAddress bool) {
	m.Voice.MappingChanges = append(m.Voice.MappingChanges, facts.MappingChange{AtS: at, From: "192.0.2.1:5000", To: "192.0.2.1:6000", OtherAddress: otherAddress})
}

// route is a way of three routers, of which the first behind the gateway answered
// all but lost of 300 questions, and rise later in the seconds that are so.
func (m *made) route(lost func(second int) int, rise func(second int) float64) {
	hop := facts.Hop{TTL: 2, Address: "198.51.100.1", Role: facts.HopBeyond, Method: facts.MethodUDP, Sent: 300, MinMS: new(4.0)}
	sum := 0.0
	for i := range m.Voice.Timeline {
		gone, avg := min(lost(i), 10), 4.2+rise(i)
		sum += avg / 30
		m.Voice.Timeline[i].Hop = &facts.HopSecond{Asked: 10, Answered: 10 - gone, AvgMS: &avg}
		hop.Answered += 10 - gone
		if rise(i) > 60 {
			hop.Late += 10 - gone
		}
	}
	hop.AvgMS, hop.P95MS = &sum, new(sum+1)
	m.Path.Hops = []facts.Hop{{TTL: 1, Address: "192.168.1.1", Role: facts.HopGateway}, hop, {TTL: 3, Address: "203.0.113.1", Role: facts.HopFarEnd}}
}

// then gives the first router behind the gateway a private address, and has a public one
// follow it, which answered so many of 300 questions.
func (m *made) then(answered int) {
	m.Path.Hops[1].Address = "10.20.30.1"
	public := m.Path.Hops[1]
	public.TTL, public.Address, public.Role, public.Answered = 3, "198.51.100.1", "", answered
	m.Path.Hops[2].TTL = 4
	m.Path.Hops = slices.Insert(m.Path.Hops, 2, public)
}

func none(int) int          { return 0 }
func noRise(int) float64    { return 0 }
func (m *made) few(int) int { return m.IntN(2) }

// Each rule is found by its evidence, and not by the same figures that have
// another reason.
func TestEachRuleAndItsCounterexample(t *testing.T) {
	binomial := func(m *made, share float64) func(int) int {
		return func(int) int {
			n := 0
			for range 50 {
				if m.Float64() < share {
					n++
				}
			}
			return n
		}
	}
	for name, test := range map[string]struct {
		plant func(*made)
		want  string // the cause of the first finding about it; "": none
		place string
	}{
		"a state that is dropped": {func(m *made) {
			from := 3 + m.IntN(20)
			dead := func(i int) int {
				if i >= from {
					return 50
				}
				return 0
			}
			m.lose(Up, dead)
			m.lose(Down, dead)
			m.loseChecks(from)
		}, "state_dropped", PlaceFirewall},
		"a call that dies in its last seconds": {func(m *made) {
			from := 24 + m.IntN(4)
			dead := func(i int) int {
				if i >= from {
					return 50
				}
				return 0
			}
			m.lose(Up, dead)
			m.lose(Down, dead)
			m.loseChecks(from)
		}, "untold", PlaceUnknown},
		"the same, and the control connection is silent too": {func(m *made) {
			from := 3 + m.IntN(15)
			m.lose(Up, func(i int) int { return 50 * min(1, max(0, i-from+1)) })
			m.loseChecks(from)
			m.Complete = false
			m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: "voice.complete", Reason: "silent", Code: facts.CodeFarSilent})
		}, "far_end_gone", PlaceUnknown},
		"a responder that was stopped": {func(m *made) {
			m.Complete, m.Voice.DurationS = false, float64(2+m.IntN(25))
			m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: "voice.complete", Reason: "ended", Code: facts.CodeFarEnded})
		}, "far_end_ended", PlaceFarEnd},
		"a NAT that forgets the control connection too": {func(m *made) {
			at := 4 + m.IntN(20)
			m.change(float64(at)+m.Float64(), false)
			m.lose(Down, func(i int) int { return 30 * min(1, max(0, 1-max(i-at, at-i))) })
			m.Complete = false
			m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: "voice.complete", Reason: "reset", Code: facts.CodeFarEnded})
		}, "mapping_lost", PlaceFirewall},
		"a resolver that is slow": {func(m *made) {
			m.Firewall = append(m.Firewall, facts.PortRow{Name: "DNS", Protocol: "dns", Host: "192.0.2.53", Status: facts.StatusPass, ElapsedMS: new(2100 + 3000*m.Float64())})
		}, "names_slow", PlaceDNS},
		"a path on which everything is slow": {func(m *made) {
			m.Voice.RTT = nil
			m.Firewall = append(m.Firewall, facts.PortRow{Name: "UDP", Protocol: "udp", Host: "192.0.2.9", Status: facts.StatusPass, ElapsedMS: new(2501.0)},
				facts.PortRow{Name: "DNS", Protocol: "dns", Host: "192.0.2.53", Status: facts.StatusPass, ElapsedMS: new(2502.0)})
		}, "", ""},
		"a responder's own name server that is slow": {func(m *made) {
			m.Firewall = append(m.Firewall, facts.PortRow{Name: "UDP", Protocol: "udp", Host: "192.0.2.9", Status: facts.StatusPass},
				facts.PortRow{Name: "DNS", Protocol: "dns", Host: "192.0.2.9", Status: facts.StatusPass, ElapsedMS: new(2100 + 3000*m.Float64())})
		}, "", ""},
		"a resolver that lost an answer or two": {func(m *made) {
			m.Firewall = append(m.Firewall, facts.PortRow{Name: "DNS", Protocol: "dns", Host: "192.0.2.53", Status: facts.StatusPass, ElapsedMS: new(1900 * m.Float64())})
		}, "", ""},
		"an outage that ends": {func(m *made) {
			from := 3 + m.IntN(15)
			m.lose(Up, func(i int) int {
				if i >= from && i < from+5 {
					return 50
				}
				return 0
			})
		}, "beyond", PlaceBeyond},
		"an interface without room": {func(m *made) {
			m.lose(Up, binomial(m, 0.08))
			never := 30 + m.IntN(30)
			m.Ping[0].Samples, m.Ping[0].Lost, m.Ping[0].NotSent, m.Ping[0].NoRoom = 600-never, never, never, never
		}, "interface_full", PlacePC},
		"a way out that is gone for a time": {func(m *made) {
			m.lose(Up, func(i int) int { return 50 * min(1, max(0, 1-max(i-12, 9-i))) })
			m.Ping[0].Samples, m.Ping[0].Lost, m.Ping[0].NotSent = 540, 60, 60
			for i := range m.Voice.Timeline {
				m.Voice.Timeline[i].Gateway = nil
			}
		}, "untold", PlaceUnknown},
		"the same of a ping or two, behind the gateway": {func(m *made) {
			m.lose(Up, binomial(m, 0.08))
			m.Ping[0].Samples, m.Ping[0].Lost, m.Ping[0].NotSent, m.Ping[0].NoRoom = 598, 2, 2, 2
		}, "beyond", PlaceBeyond},
		"full processors from which all leaves in time": {func(m *made) {
			m.Machine.CPUBusyPercent, m.Voice.SendLatenessMS = new(95+5*m.Float64()), &facts.Lateness{P99: new(m.Float64())}
			m.Voice.Up.JitterMS, m.Ping[0].JitterMS = new(40.0), new(35.0)
		}, "lan", PlaceLAN},
		"a NAT that forgets": {func(m *made) {
			at := 4 + m.IntN(20)
			m.change(float64(at)+m.Float64(), false)
			m.lose(Down, func(i int) int {
				if i == at {
					return 20 + m.IntN(20)
				}
				return 0
			})
		}, "mapping_lost", PlaceFirewall},
		"a NAT that forgets, and no limit is broken": {func(m *made) { m.change(2+m.Float64()*20, false) }, "mapping_lost", PlaceFirewall},
		"another line": {func(m *made) { m.change(2+m.Float64()*20, true) }, "line_moved", PlaceLine},
		"a NAT that forgets, and losses at other times": {func(m *made) {
			m.change(1.5, false)
			m.lose(Up, binomial(m, 0.08))
		}, "beyond", PlaceBeyond},
		"a limit of rate": {func(m *made) {
			through := 20 + m.IntN(25)
			m.lose(Up, func(int) int { return 50 - through + m.IntN(2) })
			m.Voice.RTT.Lost = 150 * (50 - through) / 50
			m.Voice.RTT.Samples = 150 - m.Voice.RTT.Lost
		}, "rate_limit", PlaceFirewall},
		"a limit of rate that the checks run into": {func(m *made) {
			share := 0.15 + m.Float64()/4
			m.lose(Up, binomial(m, share))
			m.Voice.RTT.Lost = 120 + m.IntN(25)
			m.Voice.RTT.Samples = 150 - m.Voice.RTT.Lost
		}, "rate_limit", PlaceFirewall},
		"losses on the line, worse for what is not voice": {func(m *made) {
			m.lose(Up, binomial(m, 0.2))
			m.lose(Down, binomial(m, 0.2))
			m.Voice.RTT.Lost = 54 + m.IntN(9) // both ways
			m.Voice.RTT.Samples = 150 - m.Voice.RTT.Lost
		}, "beyond", PlaceBeyond},
		"late packets down on a PC that is late itself": {func(m *made) {
			m.Voice.SendLatenessMS, m.Voice.Down.KernelStamps = &facts.Lateness{P99: new(21 + m.Float64()*50)}, true
			m.discard(Down)
			m.Ping[0].JitterMS, m.Ping[0].Late = new(11.0), 30
		}, "pc_busy", PlacePC},
		"the call broke off, and was bad before": {func(m *made) {
			m.Complete = false
			m.NotMeasured = append(m.NotMeasured, facts.NotMeasured{What: "voice.complete", Reason: "closed", Code: facts.CodeFarEnded})
			m.discard(Up)
			m.Ping[0].AvgMS, m.Ping[0].Late = new(61.0), 100
		}, "far_end_ended", PlaceFarEnd},
		"the same share by chance": {func(m *made) {
			share := 0.1 + m.Float64()/2
			m.lose(Up, binomial(m, share))
			m.Voice.RTT.Lost = int(150 * share)
			m.Voice.RTT.Samples = 150 - m.Voice.RTT.Lost
		}, "beyond", PlaceBeyond},
		"a full line, up": {func(m *made) {
			m.queue(Up, 5+m.IntN(5), 25, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.discard(Up)
			m.route(none, func(i int) float64 { return *m.Voice.Timeline[i].Up.DelayMS * 0.9 })
		}, "line_full", PlaceLine},
		"a full line, down, and the round trip breaks its limit": {func(m *made) {
			m.queue(Down, 0, 30, func() float64 { return 200 + m.Float64()*60 }, func() float64 { return 2 + m.Float64()*5 })
			m.discard(Down)
			m.route(none, func(i int) float64 { return *m.Voice.Timeline[i].Down.DelayMS * 0.9 })
		}, "line_full", PlaceLine},
		"a full line, and no router tells where": {func(m *made) {
			m.queue(Up, 5+m.IntN(5), 25, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.discard(Up)
		}, "queue_somewhere", PlaceLine},
		"jitter that is drawn anew for each packet": {func(m *made) {
			m.queue(Up, 0, 30, func() float64 { return 50 + m.Float64()*8 }, func() float64 { return 33 + m.Float64()*6 })
			m.discard(Up)
			m.Voice.Up.JitterMS = new(36.0)
		}, "beyond", PlaceBeyond},
		"a queue in the LAN": {func(m *made) {
			m.queue(Up, 0, 30, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.discard(Up)
			m.Ping[0].AvgMS, m.Ping[0].MaxMS, m.Ping[0].Late = new(150.0), new(230.0), 590
		}, "lan", PlaceLAN},
		"a longer route": {func(m *made) {
			at, by := 5+m.IntN(10), 80+m.Float64()*100
			m.queue(Up, at, 30, func() float64 { return by + m.Float64() }, func() float64 { return m.Float64() })
			m.Voice.Up.Shifts = []facts.Shift{{AtS: float64(at), ByMS: by}}
			m.Voice.RTT.AvgMS = new(160 + m.Float64()*20)
		}, "beyond", PlaceBeyond},
		"the responder was late": {func(m *made) {
			m.Voice.Down.Unreliable = []facts.Unreliable{{Code: facts.UnreliableResponder, Text: "the responder sent 100 packets more than a packet time late", Packets: 80 + m.IntN(200)}}
		}, "responder_busy", PlaceFarEnd},
		"the responder was a little late": {func(m *made) {
			m.Voice.Down.Unreliable = []facts.Unreliable{{Code: facts.UnreliableResponder, Text: "late", Packets: 16 + m.IntN(50)}}
		}, "", ""},
		"packets come twice in the LAN": {func(m *made) {
			n := 100 + m.IntN(1000)
			m.Voice.Up.Duplicates, m.Ping[0].Duplicates = n, new(n*600/1500)
		}, "duplicates_lan", PlaceLAN},
		"packets come twice behind the gateway": {func(m *made) { m.Voice.Down.Duplicates = 100 + m.IntN(1000) }, "duplicates_beyond", PlaceBeyond},
		"packets come twice, and nobody counted the gateway's": {func(m *made) {
			m.Voice.Down.Duplicates, m.Ping[0].Duplicates = 100+m.IntN(1000), nil
		}, "", ""},
		"lost pings that never coincide with lost packets": {func(m *made) {
			m.lose(Up, func(i int) int {
				if i%6 == 2 {
					return 8 + m.IntN(10)
				}
				return 0
			})
			for i, s := range m.Voice.Timeline {
				if i%6 != 2 {
					s.Gateway.Lost = m.IntN(4)
					m.Ping[0].Lost += s.Gateway.Lost
				}
			}
			m.Ping[0].Samples -= m.Ping[0].Lost
		}, "beyond", PlaceBeyond},
		"losses on the line": {func(m *made) {
			m.lose(Up, binomial(m, 0.1))
			m.route(m.few, noRise)
		}, "line", PlaceLine},
		"losses behind the line": {func(m *made) {
			m.lose(Up, binomial(m, 0.1))
			m.route(none, noRise)
		}, "past_line", PlaceBeyond},
		"losses, and a router that limits its answers": {func(m *made) {
			m.lose(Up, binomial(m, 0.1))
			m.route(func(int) int { return 5 }, noRise)
			m.Path.Hops[1].LimitPerS = new(5.0)
		}, "beyond", PlaceBeyond},
		"losses, and a router that is far away": {func(m *made) {
			m.lose(Up, binomial(m, 0.1))
			m.route(m.few, noRise)
			m.Path.Hops[1].TTL = 4
		}, "beyond", PlaceBeyond},
		"losses in few seconds, and a router that is silent in others": {func(m *made) {
			m.lose(Up, func(i int) int {
				if i%6 == 2 {
					return 20 + m.IntN(20)
				}
				return 0
			})
			m.route(func(i int) int {
				if i%6 == 2 {
					return 0
				}
				return m.IntN(3)
			}, noRise)
		}, "beyond", PlaceBeyond},
		"a queue that the first router stands before": {func(m *made) {
			m.queue(Up, 0, 30, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.discard(Up)
			m.route(none, noRise)
		}, "queue_beyond", PlaceBeyond},
		"a queue that a private router stands before": {func(m *made) {
			m.queue(Up, 0, 30, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.discard(Up)
			m.route(none, noRise)
			m.Path.Hops[1].Address = "10.20.30.1"
		}, "untold", PlaceUnknown},
		"a queue that the first router stands behind": {func(m *made) {
			m.queue(Down, 0, 30, func() float64 { return 120 + m.Float64()*100 }, func() float64 { return 3 + m.Float64()*5 })
			m.discard(Down)
			m.route(none, func(int) float64 { return 140 })
		}, "line_full", PlaceLine},
		"a long way, by the line": {func(m *made) {
			m.Voice.RTT.AvgMS = new(170.0)
			m.route(none, func(int) float64 { return 150 })
		}, "line", PlaceLine},
		"a long way, behind the line": {func(m *made) {
			m.Voice.RTT.AvgMS = new(170.0)
			m.route(none, noRise)
		}, "past_line", PlaceBeyond},
		"the gateway clears the mark": {func(m *made) {
			m.route(none, noRise)
			m.Voice.Up.DSCPAsked, m.Voice.Up.DSCPSet, m.Voice.Up.DSCPReceived = new(46), new(46), new(0)
			m.Path.MarkKeptTo, m.Path.MarkLostAt = new(1), new(2)
		}, "mark_cleared_gateway", PlaceFirewall},
		"the LAN clears the mark": {func(m *made) {
			m.route(none, noRise)
			m.Voice.Up.DSCPAsked, m.Voice.Up.DSCPSet, m.Voice.Up.DSCPReceived = new(46), new(46), new(0)
			m.Path.MarkLostAt = new(1)
		}, "mark_cleared_lan", PlaceLAN},
		"a provider clears the mark": {func(m *made) {
			m.route(none, noRise)
			m.Voice.Up.DSCPAsked, m.Voice.Up.DSCPSet, m.Voice.Up.DSCPReceived = new(46), new(46), new(0)
			m.Path.MarkKeptTo, m.Path.MarkLostAt = new(2), new(3)
		}, "", ""},
		"large packets vanish": {func(m *made) {
			m.Path.MTU = facts.MTU{Code: facts.MTUHole, Bytes: new(1000 + m.IntN(400))}
		}, "mtu_hole", PlaceFirewall},
		"large packets are refused in words": {func(m *made) {
			m.Path.MTU = facts.MTU{Code: facts.MTUFine, Bytes: new(1400), Told: new(1400)}
		}, "", ""},
		"a line that bloats": {func(m *made) {
			m.UnderLoad = &facts.UnderLoad{Up: &facts.LoadPhase{RTT: &facts.RTT{AvgMS: new(220 + m.Float64()*400)}}}
		}, "line_bloats", PlaceLine},
		"a line that does not": {func(m *made) {
			m.UnderLoad = &facts.UnderLoad{Up: &facts.LoadPhase{RTT: &facts.RTT{AvgMS: new(*m.Voice.RTT.AvgMS + m.Float64()*60)}}}
		}, "", ""},
		"a PC that slept": {func(m *made) {
			m.Voice.PC = &facts.PC{Sleeps: []facts.Sleep{{AtS: m.Float64() * 20, ForS: 1 + m.Float64()*5, Code: facts.SleepSuspended}}}
		}, "pc_busy", PlacePC},
		"a PC that is throttled":          {func(m *made) { m.Voice.PC = &facts.PC{ThrottledMS: new(4000 + m.Float64()*20000)} }, "pc_busy", PlacePC},
		"a PC that is throttled a little": {func(m *made) { m.Voice.PC = &facts.PC{ThrottledMS: new(m.Float64() * 2000)} }, "", ""},
		"drops of the PC's own interface": {func(m *made) {
			m.lose(Up, binomial(m, 0.08))
			m.Ping[0].Lost, m.Ping[0].Samples = 48, 552
			m.Voice.PC = &facts.PC{InterfaceDrops: new(int64(m.Voice.Up.Lost+48) + int64(m.IntN(9)))}
		}, "interface_drops", PlacePC},
		"the same losses, and few drops": {func(m *made) {
			m.lose(Up, binomial(m, 0.08))
			m.Ping[0].Lost, m.Ping[0].Samples = 48, 552
			for i := range 24 {
				m.Voice.Timeline[i].Gateway.Lost = 2
			}
			m.Voice.PC = &facts.PC{InterfaceDrops: new(int64(m.IntN(30)))}
		}, "lan", PlaceLAN},
		"many drops of other packets, and losses behind the gateway": {func(m *made) {
			m.lose(Up, binomial(m, 0.08))
			m.Voice.PC = &facts.PC{InterfaceDrops: new(int64(200 + m.IntN(30)))}
		}, "beyond", PlaceBeyond},
		"another access point": {func(m *made) {
			at := 3 + m.IntN(20)
			m.Machine.Interface.Kind = facts.Wifi
			m.Machine.Interface.Wifi = &facts.WifiLink{Roams: []facts.Roam{{AtS: float64(at) + 0.4}}}
			m.lose(Down, func(i int) int {
				if i == at {
					return 20 + m.IntN(30)
				}
				return 0
			})
		}, "wifi_roamed", PlaceLAN},
		"another access point, and losses at other times": {func(m *made) {
			m.Machine.Interface.Wifi = &facts.WifiLink{Roams: []facts.Roam{{AtS: 2.4}}}
			m.lose(Down, binomial(m, 0.08))
		}, "beyond", PlaceBeyond},
		"half duplex": {func(m *made) {
			m.Machine.Interface.Duplex = facts.DuplexHalf
			m.lose(Up, binomial(m, 0.08))
			m.Ping[0].Lost, m.Ping[0].Samples = 48, 552
			for i := range 24 {
				m.Voice.Timeline[i].Gateway.Lost = 2
			}
		}, "half_duplex", PlaceLAN},
		"half duplex that harms nothing": {func(m *made) { m.Machine.Interface.Duplex = facts.DuplexHalf }, "", ""},
		"a busy responder that spoilt next to nothing": {func(m *made) {
			m.lose(Up, binomial(m, 0.25+m.Float64()/5))
			m.Voice.Up.Unreliable = []facts.Unreliable{{Code: facts.UnreliableResponder, Text: "the responder's socket dropped 1 datagram", Packets: 1 + m.IntN(3)}}
			m.losePings(0.25)
		}, "lan", PlaceLAN},
		"several calls, whose checks are lost by chance": {func(m *made) {
			share := 0.05 + m.Float64()/20
			m.lose(Up, binomial(m, share))
			m.lose(Down, binomial(m, share))
			m.Voice.PerCall = []facts.CallPair{{Up: m.Voice.Up, Down: m.Voice.Down}, {}, {}, {}}
			m.Voice.RTT.Lost = int(600 * 2 * share)
			m.Voice.RTT.Samples = 600 - m.Voice.RTT.Lost
		}, "beyond", PlaceBeyond},
		"a gateway that loses far more than the call": {func(m *made) {
			m.lose(Up, binomial(m, 0.03))
			m.losePings(0.25)
		}, "untold", PlaceUnknown},
		"a router that belongs to nobody knows whom": {func(m *made) {
			m.lose(Up, binomial(m, 0.08))
			m.route(func(i int) int { return int(math.Round(*m.Voice.Timeline[i].Up.LossPercent / 10)) }, noRise)
			m.Path.Hops[1].Address = "10.20.30.1"
		}, "untold", PlaceUnknown},
		"losses behind a private router, and nothing known of what follows": {func(m *made) {
			m.lose(Up, binomial(m, 0.1))
			m.route(none, noRise)
			m.Path.Hops[1].Address = "10.20.30.1"
		}, "untold", PlaceUnknown},
		"losses between a private router and a public one": {func(m *made) {
			m.lose(Up, binomial(m, 0.1))
			m.route(none, noRise)
			m.then(270)
		}, "untold", PlaceUnknown},
		"losses behind a private router and a public one": {func(m *made) {
			m.lose(Up, binomial(m, 0.1))
			m.route(none, noRise)
			m.then(300)
		}, "past_line", PlaceBeyond},
		"a gateway that loses pings, and a router behind it that loses none": {func(m *made) {
			m.lose(Up, binomial(m, 0.1))
			m.losePings(0.1)
			m.route(none, noRise)
		}, "untold", PlaceUnknown},
		"a gateway that never answers, and a state that times out": {func(m *made) {
			from := 8 + m.IntN(10)
			dead := func(i int) int { return 50 * min(1, max(0, i-from+1)) }
			m.lose(Up, dead)
			m.lose(Down, dead)
			m.loseChecks(from)
			m.losePings(2)
		}, "state_dropped", PlaceFirewall},
		"a way that is too long, and a queue on it": {func(m *made) {
			for i := range m.Voice.Timeline {
				m.Voice.Timeline[i].RTTMS = new(180.0)
			}
			m.Voice.RTT.MinMS, m.Voice.RTT.AvgMS = new(179.0), new(186.0)
			m.Ping[1].MinMS = new(179.0)
			m.queue(Up, 5, 9, func() float64 { return 60 }, func() float64 { return 3 })
		}, "distance", PlaceRegion},
		"standby in the middle of the call": {func(m *made) {
			m.lose(Down, func(i int) int { return 50 * min(1, max(0, 1-max(i-12, 10-i))) })
			m.Voice.PC = &facts.PC{Sleeps: []facts.Sleep{{AtS: 10, ForS: 3, Code: facts.SleepSuspended}}}
		}, "pc_busy", PlacePC},
		"nothing wrong, on a known path": {func(m *made) { m.route(none, noRise) }, "", ""},
		"nothing wrong":                  {func(*made) {}, "", ""},
		"nothing wrong, a few lost": {func(m *made) {
			at := m.IntN(30)
			m.lose(Up, func(i int) int {
				if i == at {
					return 1 + m.IntN(9)
				}
				return 0
			})
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			isNamedFirst(t, test.plant, test.want, test.place, byChance(name, test.want))
		})
	}
}

// byChance is how many of 40 draws may have another cause than the wanted one, by its name.
// One loss pattern in a hundred is so even by chance that a limit of rate is not ruled out,
// and three in a hundred thousand so even that one is proven: six of 40 are expected once
// in a million tests. A router that loses half as much as the call is at the border: one
// time in seventy it loses too little to tell the line from what follows, and one time in
// some thousands so little that it counts as good: one verdict in twenty may be wrong at the
// border (proof).
func byChance(name, want string) map[string]int {
	if !slices.Contains([]string{"beyond", "past_line", "line", "lan"}, want) {
		return map[string]int{}
	}
	allowed := map[string]int{"untold": 5, "rate_limit": 1}
	if name == "losses on the line" || name == "losses, and a router that is far away" {
		allowed["beyond"], allowed["past_line"] = 5, 1
	}
	return allowed
}
