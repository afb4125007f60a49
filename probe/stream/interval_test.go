//go:build !race

// Arithmetic over thousands of calls, without goroutines: the race detector would find
// nothing and take two minutes.

package stream

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"netready/internal/seed"
)

// losses is a path that loses packets in bursts (Gilbert and Elliott): in its
// bad state it loses a share of them, in its good one none.
type losses struct {
	share float64 // of all packets, in the long run
	burst float64 // mean losses a burst; 1: packets are lost one by one, independently
	inBad float64 // the share lost in the bad state
}

func (l losses) call(r *rand.Rand, sent int) []run {
	var hits []int64
	end := l.inBad / l.burst // the chance that the bad state ends after a packet
	bad := l.share / l.inBad
	begin := end * bad / (1 - bad)
	if l.burst == 1 {
		begin, end = bad, 1-bad
	}
	isBad := r.Float64() < bad
	for seq := range int64(sent) {
		if isBad && r.Float64() < l.inBad {
			hits = append(hits, seq)
		}
		if isBad {
			isBad = r.Float64() >= end
		} else {
			isBad = r.Float64() < begin
		}
	}
	return together(hits)
}

// coverage is in how many percent of the calls the interval holds the truth.
func (l losses) coverage(seed uint64, sent, calls int) float64 {
	r := rand.New(rand.NewPCG(seed, uint64(sent)))
	held := 0
	for range calls {
		if i := interval(l.call(r, sent), sent); i.Low <= l.share && l.share <= i.High {
			held++
		}
	}
	return 100 * float64(held) / float64(calls)
}

// A thousand calls at a true loss of 1 %: the interval holds the truth in 95 % of
// them, within 2 % and what a thousand calls can tell (three standard deviations,
// 2 %), however the losses cluster. Where a call meets fewer than six bursts their
// number is too coarse for 95 %: the interval may hold it more often.
func TestIntervalHoldsTheTruth(t *testing.T) {
	const calls, lowest, highest, tolerance = 1000, 93, 97, 2
	start := seed.Of(t)
	for _, l := range []losses{{0.01, 1, 1}, {0.01, 3, 1}, {0.01, 5, 1}, {0.01, 10, 1}, {0.01, 4, 0.5}} {
		for _, sent := range []int{500, 1500, 4500} {
			t.Run(fmt.Sprintf("%d packets, bursts of %g, %g lost in them", sent, l.burst, l.inBad), func(t *testing.T) {
				most := float64(highest + tolerance)
				if l.share*float64(sent)/l.burst < 6 {
					most = 100
				}
				got := l.coverage(start, sent, calls)
				t.Logf("%.1f %%", got)
				if got < lowest-tolerance || got > most {
					t.Errorf("the interval holds the truth in %.1f %% of the calls, want %d to %d", got, lowest, highest)
				}
			})
		}
	}
}

func TestInterval(t *testing.T) {
	tests := []struct {
		name      string
		hits      []run
		sent      int
		low, high float64 // of what it has to hold, and to be within twice of
	}{
		{"none of a call", nil, 1500, 0, 0.0133},
		{"none of ten packets", nil, 10, 0, 1},
		{"one of a call", []run{{700, 700}}, 1500, 0.0001, 0.0076},
		{"ten single ones of a call", singles(10, 1500), 1500, 0.0036, 0.0120},
		{"as many in one burst tell less", []run{{700, 709}}, 1500, 0.0005, 0.0880},
		{"a thousand single ones", singles(1000, 100_000), 100_000, 0.0094, 0.0106},
		{"all", []run{{0, 1499}}, 1500, 0.98, 1},
		{"the only one", []run{{0, 0}}, 1, 0.08, 1},
		{"the last ones", []run{{1400, 1499}}, 1500, 0.0124, 0.995},
		{"more packets than any call has", []run{{5, 1<<40 - 1}}, 1 << 40, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, share := interval(tt.hits, tt.sent), sum(tt.hits)/float64(tt.sent)
			if got.Low > share || got.High < share || got.Low < 0 || got.High > 1 {
				t.Errorf("got %+v, which does not hold %g", *got, share)
			}
			t.Logf("%+v", *got)
			if got.Low < tt.low/2 || got.Low > 2*tt.low || got.High < tt.high/2 || got.High > 2*tt.high {
				t.Errorf("got %+v, want about %g to %g", *got, tt.low, tt.high)
			}
		})
	}
	if got := interval(nil, 0); got != nil {
		t.Errorf("nothing sent: got %+v", *got)
	}
}

// More of the same makes the interval narrower.
func TestLongerCallsTellMore(t *testing.T) {
	width := 1.0
	for _, sent := range []int{100, 500, 1500, 9000, 90_000} {
		i := interval(singles(sent/50, sent), sent)
		if got := i.High - i.Low; got >= width {
			t.Errorf("%d packets: %g wide, no narrower than of a shorter call", sent, got)
		} else {
			width = got
		}
	}
}

// Packets that came too late have an interval of their own.
func TestDiscardsHaveAnInterval(t *testing.T) {
	tr := arrivals(1000, except(1000, 21, 60)...)
	for i := range tr.Arrivals {
		if tr.Arrivals[i].Seq%100 == 50 {
			tr.Arrivals[i].Received += 100 * ms
		}
	}
	m := Measure(tr, 60*ms)
	if m.LossInterval == nil || m.DiscardInterval == nil || m.DiscardInterval.Low < 0.004 || m.LossInterval.Low > 0.001 {
		t.Errorf("got loss %+v, discards %+v", m.LossInterval, m.DiscardInterval)
	}
	tr.Untimed = true
	if m := Measure(tr, 60*ms); m.LossInterval == nil || m.DiscardInterval != nil {
		t.Errorf("untimed: got loss %+v, discards %+v", m.LossInterval, m.DiscardInterval)
	}
}

// The share that arrives in order has one too: it contains the share that is in order in
// the long run.
func TestOrderHasAnInterval(t *testing.T) {
	tr := arrivals(1000, except(1000)...)
	for i := 20; i < 1000; i += 50 {
		tr.Arrivals[i], tr.Arrivals[i-1] = tr.Arrivals[i-1], tr.Arrivals[i]
	}
	m := Measure(tr, 60*ms)
	if i := m.InOrderInterval; m.Reordered != 20 || i == nil || i.Low > 0.98 || i.High < 0.98 || i.Low < 0.96 || i.High > 0.99 {
		t.Errorf("%d reordered, interval %+v", m.Reordered, i)
	}
	if i := Measure(arrivals(1500, except(1500)...), 60*ms).InOrderInterval; i == nil || i.High != 1 || i.Low < 0.98 {
		t.Errorf("nothing reordered: %+v", i)
	}
}

// singles are runs of one packet each, evenly spread.
func singles(n, sent int) []run {
	var runs []run
	for i := range int64(n) {
		seq := (2*i + 1) * int64(sent) / int64(2*n)
		runs = append(runs, run{seq, seq})
	}
	return runs
}

func sum(runs []run) float64 {
	n := int64(0)
	for _, r := range runs {
		n += r.length()
	}
	return float64(n)
}
