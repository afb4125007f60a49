package stream

import (
	"math/rand/v2"
	"testing"
	"time"

	"netready/internal/seed"
)

// paused makes the sender pause before some packets, without its stamps telling.
func paused(tr Trace, rests map[int64]time.Duration) Trace {
	total := time.Duration(0)
	for i := range tr.Arrivals {
		a := &tr.Arrivals[i]
		if rest, ok := rests[a.Seq]; ok {
			total += rest
			a.Action = Paused
		}
		a.Received += total
	}
	return tr
}

// Hold and silence that the timestamps do not count: no discard, no shift, no
// jitter, whatever the path does besides.
func TestPausesAreTheSendersDoing(t *testing.T) {
	seed := seed.Of(t)
	for i := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, i))
		m := sim{seed: r.Uint64(), n: 600 + r.IntN(1500), delay: uniform(time.Duration(1+r.IntN(19)) * ms), ppm: float64(r.IntN(3)-1) * 100}
		tr, _ := m.run()
		before := Measure(tr, 60*ms)
		rests := map[int64]time.Duration{}
		for at := int64(30 + r.IntN(100)); at < int64(m.n); at += int64(30 + r.IntN(400)) {
			rests[at] = time.Duration(r.IntN(9000)) * ms // 0 to 9 s, the short ones add up
		}
		got := Measure(paused(tr, rests), 60*ms)
		if got.Discarded != 0 || len(got.Shifts) > 0 || got.Received != before.Received {
			t.Errorf("run %d, %d pauses: %d discards, shifts %v", i, len(rests), got.Discarded, got.Shifts)
		}
		if *got.JitterMax > *before.JitterMax+5*ms {
			t.Errorf("run %d: jitter at most %v, %v without the pauses", i, *got.JitterMax, *before.JitterMax)
		}
	}
}

// A packet that is late within a talk spurt is late, and lateness that a pause does not
// explain is the path's.
func TestLatePacketsBesidePauses(t *testing.T) {
	for seed := range uint64(20) {
		late := func(at time.Duration, r *rand.Rand) time.Duration {
			d := time.Duration(r.IntN(10)) * ms
			if n := int(at / (20 * ms)); n%50 == 25 {
				d += 150 * ms
			}
			return d
		}
		tr, delays := sim{seed: seed, delay: late}.run()
		m := Measure(paused(tr, map[int64]time.Duration{400: 3 * sec, 900: 70 * ms}), 60*ms)
		if want := lateTruth(delays, 20*ms, 60*ms); m.Discarded != want {
			t.Errorf("seed %d: got %d discards, want %d", seed, m.Discarded, want)
		}
		shifted, delays := sim{seed: seed, delay: stepped(10*ms, step{20 * sec, 90 * ms})}.run()
		m = Measure(paused(shifted, map[int64]time.Duration{400: 3 * sec}), 60*ms)
		if want := lateTruth(delays, 20*ms, 60*ms, 1000); m.Discarded < want-2 || m.Discarded > want+2 || len(m.Shifts) != 1 {
			t.Errorf("seed %d: got %d discards, shifts %v, want %d and one", seed, m.Discarded, m.Shifts, want)
		}
	}
}

// A stream without a clock has counts, and no figures that need time.
func TestUntimed(t *testing.T) {
	tr := arrivals(20, except(20, 4, 5)...)
	tr.Untimed = true
	m := Measure(tr, 60*ms)
	if m.Received != 18 || m.Lost != 2 || m.LongestRun != 2 || m.Loss == nil || m.InOrder == nil || m.SkewReason == "" {
		t.Errorf("got %+v", m)
	}
	if m.Discard != nil || m.Jitter != nil || m.JitterMax != nil || m.PDVp99 != nil || m.SkewPPM != nil || m.Shifts != nil {
		t.Errorf("figures that need a clock: %+v", m)
	}
}
