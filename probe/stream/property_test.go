package stream

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"netready/internal/seed"
)

// Streams drawn at random, against figures counted in the most naive way.
func TestAgainstTheNaiveCount(t *testing.T) {
	seed := seed.Of(t)
	for i := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, i))
		tr, _ := randomSim(r).run()
		buffer := time.Duration(r.IntN(80)) * ms
		got, want := Measure(tr, buffer), naive(tr, buffer)
		if arrived, _ := firstCopies(tr); newPath(arrived).corrected() {
			want.Discarded, want.Discard, want.BurstR, want.PDVp99 = got.Discarded, got.Discard, got.BurstR, got.PDVp99
		}
		compare(t, i, got, want)
	}
}

// corrected tells that discards are not simply those against one fastest
// packet: chance made a shift or a skew, seldom.
func (p path) corrected() bool { return p.skew.slope != 0 || len(p.cuts) > 0 }

func TestChanceMakesNoShiftAndNoSkew(t *testing.T) {
	seed := seed.Of(t)
	const runs = 100
	n := 0
	for i := range uint64(runs) {
		tr, _ := randomSim(rand.New(rand.NewPCG(seed, i))).run()
		if arrived, _ := firstCopies(tr); newPath(arrived).corrected() {
			n++
		}
	}
	if n > runs/10 { // one in 200 is usual
		t.Errorf("%d of %d steady paths with equal clocks were corrected", n, runs)
	}
}

// randomSim is a path without shift or skew.
func randomSim(r *rand.Rand) sim {
	m := sim{
		seed:   r.Uint64(),
		n:      1 + r.IntN(1200),
		ptime:  time.Duration(10*(1+r.IntN(6))) * ms,
		offset: time.Duration(r.Int64()) / 2,
		late:   r.IntN(2) == 0,
	}
	scatter := time.Duration(1+r.IntN(150)) * ms
	m.delay = [...]func(time.Duration, *rand.Rand) time.Duration{
		constant(scatter), uniform(scatter), normal(scatter, scatter/5),
		func(_ time.Duration, r *rand.Rand) time.Duration {
			return time.Duration(r.ExpFloat64() * float64(scatter) / 4)
		},
	}[r.IntN(4)]
	enter, leave := r.Float64()*0.1, 0.1+r.Float64()*0.9
	bad := false
	m.lost = func(_ int, r *rand.Rand) bool { // Gilbert's two states
		if bad {
			bad = r.Float64() > leave
		} else {
			bad = r.Float64() < enter
		}
		return bad
	}
	copies := r.Float64() * 0.05
	m.twice = func(_ int, r *rand.Rand) bool { return r.Float64() < copies }
	return m
}

// naive counts by definition, with loops over everything.
func naive(t Trace, buffer time.Duration) Metrics {
	first := naiveFirst(t)
	m := Metrics{Sent: t.Sent, Received: len(first), Lost: t.Sent - len(first), Duplicates: len(t.Arrivals) - len(first)}
	lost, bad := make([]bool, t.Sent), make([]bool, t.Sent)
	for i := range lost {
		lost[i], bad[i] = true, true
	}
	for i, a := range first {
		late, overtaken := false, false
		for j, b := range first {
			late = late || transit(a)-transit(b) > buffer
			overtaken = overtaken || j < i && b.Seq > a.Seq
		}
		lost[a.Seq], bad[a.Seq] = false, late
		m.Discarded += one(late)
		m.Reordered += one(overtaken)
	}
	m.Loss = new(float64(m.Lost) / float64(m.Sent))
	m.Discard = new(float64(m.Discarded) / float64(m.Sent))
	if len(first) > 0 {
		m.InOrder = new(1 - float64(m.Reordered)/float64(m.Received))
		m.PDVp99 = new(naivePDV(first))
	}
	if len(first) >= 10 {
		m.Jitter, m.JitterMax = naiveJitter(first)
	}
	naiveRuns(&m, lost, bad)
	return m
}

func transit(a Arrival) time.Duration { return a.Received - a.Sent }

// naiveFirst lists the first copies.
func naiveFirst(t Trace) (first []Arrival) {
	for i, a := range t.Arrivals {
		again := false
		for _, b := range t.Arrivals[:i] {
			again = again || a.Seq == b.Seq
		}
		if !again {
			first = append(first, a)
		}
	}
	return first
}

// naivePDV is the smallest variation that 99 % of the packets do not exceed.
func naivePDV(first []Arrival) time.Duration {
	best, fastest := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	for _, a := range first {
		fastest = min(fastest, transit(a))
		n := 0
		for _, b := range first {
			n += one(transit(b) <= transit(a))
		}
		if 100*n >= 99*len(first) {
			best = min(best, transit(a))
		}
	}
	return best - fastest
}

func naiveJitter(first []Arrival) (mean, top *time.Duration) {
	j, sum, most := 0.0, 0.0, 0.0
	for i := 1; i < len(first); i++ {
		j += (math.Abs(float64(transit(first[i])-transit(first[i-1]))) - j) / 16
		sum, most = sum+j, max(most, j)
	}
	return new(time.Duration(sum / float64(len(first)-1))), new(time.Duration(most))
}

func naiveRuns(m *Metrics, lost, bad []bool) {
	run, runs, n := 0, 0, 0
	for i := range lost {
		run = (run + 1) * one(lost[i])
		m.LongestRun = max(m.LongestRun, run)
		n += one(bad[i])
		runs += one(bad[i] && (i == 0 || !bad[i-1]))
	}
	m.BurstR = new(1.0)
	if n >= 2 {
		*m.BurstR = max(1, min(8, float64(n)/float64(runs)*(1-float64(n)/float64(len(bad)))))
	}
	for i := 0; i+100 <= len(lost); i++ {
		if c := float64(count(lost[i:i+100])) / 100; m.WorstWindow == nil || c > *m.WorstWindow {
			m.WorstWindow = &c
		}
	}
}

func compare(t *testing.T, i uint64, got, want Metrics) {
	t.Helper()
	counts := func(m Metrics) [7]int {
		return [...]int{m.Sent, m.Received, m.Lost, m.Duplicates, m.Discarded, m.Reordered, m.LongestRun}
	}
	if counts(got) != counts(want) {
		t.Errorf("run %d: sent, received, lost, duplicates, discarded, reordered, longest run: got %v, want %v", i, counts(got), counts(want))
	}
	same(t, i, "loss", got.Loss, want.Loss, 1e-12)
	same(t, i, "discard", got.Discard, want.Discard, 1e-12)
	same(t, i, "in order", got.InOrder, want.InOrder, 1e-12)
	same(t, i, "burst ratio", got.BurstR, want.BurstR, 1e-9)
	same(t, i, "worst window", got.WorstWindow, want.WorstWindow, 1e-12)
	same(t, i, "jitter", got.Jitter, want.Jitter, 2)
	same(t, i, "jitter maximum", got.JitterMax, want.JitterMax, 2)
	same(t, i, "PDV", got.PDVp99, want.PDVp99, 2)
}

func same[N float64 | time.Duration](t *testing.T, i uint64, what string, got, want *N, within float64) {
	t.Helper()
	switch {
	case got == nil && want == nil:
	case got == nil || want == nil:
		t.Errorf("run %d: %s: one of them is not measured: got %v, want %v", i, what, got, want)
	case math.Abs(float64(*got)-float64(*want)) > within:
		t.Errorf("run %d: %s: got %v, want %v", i, what, *got, *want)
	}
}
