package lab

import (
	"math"
	"slices"
	"testing"
	"time"

	"netready/internal/seed"
)

// passed is what a way did to 20,000 frames of 200 bytes, one every 10 ms.
type passed struct {
	lost, copies, runs, overtaken int
	most                          time.Duration // longest delay
}

func pass(h Harm, seed uint64) passed {
	const n, every, size = 20000, 10 * time.Millisecond, 200
	var p passed
	var last time.Duration
	w, wasLost := newWay(h, seed, 1), false
	for i := range n {
		now := time.Duration(i+1) * every
		due := w.due(now, every, size)
		if isLost := len(due) == 0; isLost {
			p.lost++
			if !wasLost {
				p.runs++
			}
			wasLost = true
			continue
		}
		wasLost = false
		p.copies += len(due) - 1
		p.most = max(p.most, slices.Max(due)-now)
		if due[0] < last {
			p.overtaken++
		}
		last = max(last, due[0])
	}
	return p
}

// A link does what it is told. Otherwise the laboratory would judge the program by faults
// that were not planted.
func TestLinksDoWhatTheyAreTold(t *testing.T) {
	const n = 20000
	near := func(got, want float64) bool { return math.Abs(got-want) <= 0.15*want+1 }
	for name, test := range map[string]struct {
		harm Harm
		ok   func(passed) bool
	}{
		"nothing": {Harm{}, func(p passed) bool { return p == passed{} }},
		"delay":   {Harm{Delay: 80 * time.Millisecond}, func(p passed) bool { return p.most == 80*time.Millisecond && p.lost == 0 }},
		"jitter":  {Harm{Jitter: 50 * time.Millisecond}, func(p passed) bool { return p.overtaken == 0 && near(float64(p.most), 5e7) }},
		"loss": {Harm{Loss: 0.05}, func(p passed) bool {
			return near(float64(p.lost), 0.05*n) && near(float64(p.lost)/float64(p.runs), 1.05)
		}},
		"bursts":    {Harm{Loss: 0.08, Burst: 6}, func(p passed) bool { return near(float64(p.lost), 0.08*n) && near(float64(p.lost)/float64(p.runs), 6) }},
		"copies":    {Harm{Duplicate: 0.3}, func(p passed) bool { return near(float64(p.copies), 0.3*n) }},
		"reorder":   {Harm{Reorder: 0.1, ReorderBy: 35 * time.Millisecond}, func(p passed) bool { return p.overtaken > 0.2*n && p.most == 35*time.Millisecond }},
		"stalls":    {Harm{StallEvery: 3 * time.Second, StallFor: 400 * time.Millisecond}, func(p passed) bool { return p.most == 400*time.Millisecond && p.overtaken == 0 }},
		"outage":    {Harm{Dead: []span{{time.Second, 4 * time.Second}}}, func(p passed) bool { return p.lost == 300 && p.runs == 1 }},
		"dead":      {Harm{DeadEver: true}, func(p passed) bool { return p.lost == n }},
		"queue":     {Harm{Rate: 80000, Queue: 200 * time.Millisecond}, func(p passed) bool { return near(float64(p.lost), n/2) && near(float64(p.most), 2.2e8) }},
		"policed":   {Harm{Rate: 80000}, func(p passed) bool { return near(float64(p.lost), n/2) && p.most == 0 }},
		"wide open": {Harm{Rate: 1000000, Queue: 200 * time.Millisecond}, func(p passed) bool { return p.lost == 0 && p.most < 2*time.Millisecond }},
	} {
		t.Run(name, func(t *testing.T) {
			if got := pass(test.harm, seed.Of(t)); !test.ok(got) {
				t.Errorf("%+v: %+v", test.harm, got)
			}
		})
	}
}
