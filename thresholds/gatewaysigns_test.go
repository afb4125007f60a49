package thresholds

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"netready/internal/seed"
	"netready/probe/facts"
)

// plant makes the result of a call of 30 s with random losses: share of the
// packets up on this side of the gateway and behind it, in runs of this mean
// length, beside 20 pings a second that cross only this side.
type plant struct {
	lan, beyond float64
	run         float64 // mean number of packets lost in a row; 0: single ones
	limit       int     // answers a second that the gateway gives at most; 0: all
	silent      bool    // the gateway answers nothing
}

func (p plant) result(r *rand.Rand) facts.Result {
	result := goodResult()
	result.Machine.Interface.Kind = "wired"
	lan, beyond := losing(r, p.lan, p.run), losing(r, p.beyond, p.run)
	lost, pingsLost, asked := 0, 0, 0
	for s := range 30 {
		second := facts.Second{Second: s, Up: &facts.SecondSide{Sent: 50}, Gateway: &facts.GatewaySecond{Asked: 20}}
		inSecond := 0
		for i := range 50 {
			bad := lan()
			if bad || beyond() {
				inSecond++
			}
			if i%5 < 2 { // 20 pings a second cross beside the packets
				asked++
				if bad || p.limit > 0 && (i/5*2+i%5) >= p.limit {
					second.Gateway.Lost++
				}
			}
		}
		lost, pingsLost = lost+inSecond, pingsLost+second.Gateway.Lost
		second.Up.LossPercent = new(100 * float64(inSecond) / 50)
		result.Voice.Timeline = append(result.Voice.Timeline, second)
	}
	up := result.Voice.Up
	up.Sent, up.Received, up.Lost = 1500, 1500-lost, lost
	up.LossPercent = new(100 * float64(lost) / 1500)
	up.Burst.BurstR = new(max(1, p.run))
	if !p.silent {
		result.Ping = []facts.Ping{{Role: facts.RoleGateway, Samples: asked - pingsLost, Lost: pingsLost, AvgMS: new(1.0), JitterMS: new(0.2)}}
	}
	return result
}

// losing tells of each packet in turn whether it is lost (Gilbert's model).
func losing(r *rand.Rand, share, run float64) func() bool {
	in := false
	return func() bool {
		switch {
		case run <= 1:
			return r.Float64() < share
		case in:
			in = r.Float64() >= 1/run
		case share > 0:
			in = r.Float64() < share/(1-share)/run
		}
		return in
	}
}

// Losses of the LAN were blamed on the provider: ten pings cannot show 5 %. Now the wrong
// place is blamed at most once in twenty, and "cannot be told" is said where the pings do
// not tell.
func TestLANIsToldFromWhatLiesBehindIt(t *testing.T) {
	for name, test := range map[string]struct {
		plant
		want  string
		least int // of 200 seeds that find it
	}{
		"LAN, 5 %":              {plant{lan: 0.05}, PlaceLAN, 190},
		"LAN, 2 %":              {plant{lan: 0.02}, PlaceLAN, 150},
		"LAN, 20 %":             {plant{lan: 0.2}, PlaceLAN, 198},
		"LAN, bursts":           {plant{lan: 0.08, run: 6}, PlaceLAN, 100},
		"behind, 5 %":           {plant{beyond: 0.05}, PlaceBeyond, 195},
		"behind, 20 %":          {plant{beyond: 0.2}, PlaceBeyond, 198},
		"behind, 2 %":           {plant{beyond: 0.02}, PlaceBeyond, 190},
		"behind, bursts":        {plant{beyond: 0.1, run: 6}, PlaceBeyond, 150},
		"behind, limited pings": {plant{beyond: 0.05, limit: 5}, PlaceUnknown, 198},
		"LAN, limited pings":    {plant{lan: 0.05, limit: 2}, PlaceUnknown, 0},
		"gateway silent":        {plant{beyond: 0.05, silent: true}, PlaceUnknown, 200},
	} {
		t.Run(name, func(t *testing.T) {
			start, found, wrong := seed.Of(t), map[string]int{}, 0
			for i := range uint64(200) {
				r := test.result(rand.New(rand.NewPCG(start, i)))
				code := finding(t, r, WhatCause).Code
				found[code]++
				if code != test.want && code != PlaceUnknown && *r.Voice.Up.LossPercent >= 1 {
					wrong++
				}
			}
			if wrong > 10 || found[test.want] < test.least {
				t.Errorf("found %v, want %s at least %d times and another at most 10 times", found, test.want, test.least)
			}
			t.Log(found)
		})
	}
}

// What is said names the seconds that both were bad in, or why nothing can be told.
func TestPlaceHasItsEvidence(t *testing.T) {
	for _, test := range []struct {
		plant
		want string
	}{
		{plant{lan: 0.08}, "seconds in which the call lost packets"},
		{plant{beyond: 0.08}, "answers well while the call is bad"},
		{plant{beyond: 0.08, limit: 4}, "limits its answers to 4 a second"},
	} {
		r := test.result(rand.New(rand.NewPCG(seed.Of(t), 1)))
		if got := finding(t, r, WhatCause).Text; !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", fmt.Sprint(test.plant), got, test.want)
		}
	}
}

// Packets that overtake each other are early or late by a packet time: so are the
// pings, where that happens on this side of the gateway.
func TestReorderingOfTheLANIsInThePings(t *testing.T) {
	for pings, want := range map[float64]string{21: PlaceLAN, 0.2: PlaceBeyond, 4: PlaceUnknown} {
		r := goodResult()
		r.Machine.Interface.Kind = facts.Wired
		r.Voice.Up.InOrderPercent, r.Voice.Up.JitterMS = new(86.0), new(12.0)
		r.Ping = []facts.Ping{{Role: facts.RoleGateway, Samples: 300, AvgMS: new(9.0), JitterMS: new(pings)}}
		if got := finding(t, r, WhatCause); got.Code != want {
			t.Errorf("pings vary by %v ms: got %s %q, want %s", pings, got.Code, got.Text, want)
		}
	}
}

// Results of earlier versions have no seconds of the gateway and no late pings: what nobody
// counted is not zero.
func TestWhatEarlierVersionsDidNotCountProvesNothing(t *testing.T) {
	discards := func(r *facts.Result) { r.Voice.Down.DiscardPercent = new(9.0) }
	loss := func(r *facts.Result) { r.Voice.Up.LossPercent = new(5.0) }
	for name, test := range map[string]struct {
		ping   facts.Ping
		change func(*facts.Result)
		want   string
	}{
		"late pings not counted":          {facts.Ping{Samples: 300, AvgMS: new(5.0), MaxMS: new(240.0)}, discards, PlaceUnknown},
		"late pings counted, none":        {facts.Ping{Samples: 300, AvgMS: new(5.0), MaxMS: new(40.0), JitterMS: new(1.0)}, discards, PlaceBeyond},
		"one ping a second, some lost":    {facts.Ping{Samples: 26, Lost: 4, AvgMS: new(1.0)}, loss, PlaceLAN},
		"many pings without their second": {facts.Ping{Samples: 300, Lost: 300, AvgMS: new(1.0)}, loss, PlaceUnknown},
		"many pings, none lost":           {facts.Ping{Samples: 600, AvgMS: new(1.0)}, loss, PlaceBeyond},
	} {
		r := goodResult()
		r.Machine.Interface.Kind, r.Voice.DurationS = "wired", 30
		test.ping.Role = facts.RoleGateway
		r.Ping = []facts.Ping{test.ping}
		test.change(&r)
		if got := finding(t, r, WhatCause); got.Code != test.want {
			t.Errorf("%s: got %s %q, want %s", name, got.Code, got.Text, test.want)
		}
	}
}

func TestJitterOfTheLANIsInThePings(t *testing.T) {
	for _, test := range []struct {
		call, pings, avg float64
		want             string
	}{
		{40, 35, 20, PlaceLAN}, {40, 1, 2, PlaceBeyond}, {40, 14, 9, PlaceUnknown},
	} {
		r := goodResult()
		r.Machine.Interface.Kind = "wired"
		r.Voice.Down.JitterMS = new(test.call)
		r.Ping = []facts.Ping{{Role: facts.RoleGateway, Samples: 300, AvgMS: new(test.avg), JitterMS: new(test.pings)}}
		if got := finding(t, r, WhatCause); got.Code != test.want {
			t.Errorf("jitter %v ms, of the pings %v: got %s %q, want %s", test.call, test.pings, got.Code, got.Text, test.want)
		}
	}
}

// Loss of the LAN is hardly ever taken for a limit of the gateway's answers, however short
// the call was, and a limit is seen.
func TestLimitOfAnswers(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 5))
	seen := func(seconds int, answers func() bool) bool {
		var timeline []facts.Second
		for range seconds {
			g := &facts.GatewaySecond{Asked: 20}
			for range g.Asked {
				if !answers() {
					g.Lost++
				}
			}
			timeline = append(timeline, facts.Second{Gateway: g})
		}
		return answerLimit(timeline) > 0
	}
	const calls = 1000
	for _, seconds := range []int{6, 10, 30} {
		for _, loss := range []float64{0.15, 0.5, 0.9} {
			n := 0
			for range calls {
				if seen(seconds, func() bool { return random.Float64() >= loss }) {
					n++
				}
			}
			if n > calls/50 {
				t.Errorf("%d of %d calls of %d s with a loss of %v were taken for a limit", n, calls, seconds, loss)
			}
		}
		for _, rate := range []float64{1, 2, 5, 10, 15} {
			n := 0
			for range calls {
				tokens := random.Float64()
				if seen(seconds, func() bool {
					tokens = min(tokens+rate/20*(0.9+random.Float64()/5), max(1, rate))
					if tokens < 1 {
						return false
					}
					tokens--
					return true
				}) {
					n++
				}
			}
			if n < calls*2/3 {
				t.Errorf("%v answers a second were seen to be a limit in %d of %d calls of %d s", rate, n, calls, seconds)
			}
		}
	}
}
