package thresholds

import (
	"strings"
	"testing"

	"netready/probe/facts"
)

func TestBreaksNamesTheWorstOfAllCalls(t *testing.T) {
	good := func() *facts.Direction {
		d := goodDirection()
		d.Sent, d.Received = 300, 300
		return d
	}
	lossy := func(lost int, mos float64) *facts.Direction {
		d := good()
		d.Lost, d.Received, d.MOS = lost, d.Sent-lost, &mos
		return d
	}
	v := facts.Voice{Mode: facts.ModeResponder, DurationS: 6, PerCall: []facts.CallPair{{Up: good(), Down: good()}, {Up: good(), Down: good()}}}
	if broken := Default().Breaks(v); len(broken) != 0 {
		t.Errorf("good calls break %+v", broken)
	}
	v.PerCall = []facts.CallPair{{Up: lossy(4, 4.2), Down: good()}, {Up: good(), Down: good()}, {Up: good(), Down: good()}}
	if broken := Default().Breaks(v); len(broken) != 0 {
		t.Errorf("four packets of one call break %+v", broken)
	}
	v.PerCall = []facts.CallPair{{Up: lossy(6, 4), Down: good()}, {Up: lossy(21, 3.1), Down: good()}, {Up: lossy(9, 3.4), Down: good()}}
	broken := Default().Breaks(v)
	if len(broken) != 2 {
		t.Fatalf("%+v, want packet loss and MOS up", broken)
	}
	for _, b := range broken {
		if want := map[string]float64{"loss_up": 4, "mos_up": 3.1}[b.What]; b.Got != want {
			t.Errorf("%s: %v, want %v", b.What, b.Got, want)
		}
	}
}

func TestCapacityWords(t *testing.T) {
	twelve := 12
	broke := []facts.Broken{{What: "loss_up", Got: 2.4, Limit: 1}}
	steps := []facts.CapacityStep{{Calls: 8}, {Calls: 16, Broken: broke}, {Calls: 12}, {Calls: 14, Broken: broke}, {Calls: 13, Broken: broke}}
	for want, c := range map[string]facts.Capacity{
		"12 kept every limit; with 13, what broke first: Packet loss up 2.4 % instead of below 1 %": {Asked: 40, GoodCalls: &twelve, Broke: broke, Steps: steps},
		"12 or more kept every limit":                        {Asked: 12, GoodCalls: &twelve, AtLeast: true, Steps: steps[:1]},
		"12 or more kept every limit; the responder is full": {Asked: 40, GoodCalls: &twelve, AtLeast: true, Steps: steps[:1], Reason: "the responder is full"},
		"not measured: there is no responder":                {Asked: 40, Reason: "there is no responder"},
	} {
		if got := CapacityWords(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if words := brokenWords(facts.Broken{What: "rtt", Got: 200, Limit: 150}); !strings.Contains(words, "200 ms") {
		t.Errorf("round trip: %q", words)
	}
}
