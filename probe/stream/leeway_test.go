package stream

import (
	"math/rand/v2"
	"testing"
	"time"

	"netready/internal/seed"
)

// A sender lost its processor between the stamps of some packets and their departure: the
// path's jitter does not change, whatever the pauses, and wherever they are.
func TestPausesOfTheSenderAreNotJitterOfThePath(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 1))
	const buffer = 60 * time.Millisecond
	for range 50 {
		told, untold, clean := Trace{Sent: 1000}, Trace{Sent: 1000}, Trace{Sent: 1000}
		share := random.Float64() / 5
		for i := range 1000 {
			at := time.Duration(i) * 20 * time.Millisecond
			transit := 30*time.Millisecond + time.Duration(random.IntN(20_000))
			var pause, left time.Duration // the packet left at left, and the sender went on at pause
			if random.Float64() < share {
				pause = time.Duration(random.IntN(300_000_000))
				left = time.Duration(random.Float64() * float64(pause))
			}
			a := Arrival{Seq: int64(i), Sent: at, Received: at + left + transit}
			untold.Arrivals = append(untold.Arrivals, a)
			a.Leeway = pause
			told.Arrivals = append(told.Arrivals, a)
			a.Sent, a.Leeway = at+left, 0
			clean.Arrivals = append(clean.Arrivals, a)
		}
		got, without, want := Measure(told, buffer), Measure(untold, buffer), Measure(clean, buffer)
		if *got.Jitter > *want.Jitter+time.Microsecond || *got.JitterMax > *want.JitterMax+10*time.Microsecond || got.Discarded != 0 || *got.PDVp99 > *want.PDVp99+time.Microsecond {
			t.Errorf("with pauses in %.0f %%: jitter %v, at most %v, PDV %v, %d discarded; of the path %v, %v, %v", 100*share, got.Jitter, got.JitterMax, got.PDVp99, got.Discarded, want.Jitter, want.JitterMax, want.PDVp99)
		}
		if share > 0.05 && *without.Jitter < time.Millisecond {
			t.Errorf("the pauses do not show in the stamps: %v", without.Jitter)
		}
		var live Live
		for _, a := range told.Arrivals {
			live.Add(a)
		}
		if s := live.Second(1000); told.Arrivals[0].Leeway == 0 && *s.Jitter > time.Millisecond {
			t.Errorf("while it runs: %v", s.Jitter)
		}
	}
}

// A leeway takes nothing from the delay of the path: a packet that was late by more than
// the sender's pause is late.
func TestALeewayHidesNoDelayOfThePath(t *testing.T) {
	trace := Trace{Sent: 500}
	for i := range 500 {
		at := time.Duration(i) * 20 * time.Millisecond
		a := Arrival{Seq: int64(i), Sent: at, Received: at + 30*time.Millisecond}
		if i%50 == 25 {
			a.Received, a.Leeway = a.Received+100*time.Millisecond, 10*time.Millisecond
		}
		trace.Arrivals = append(trace.Arrivals, a)
	}
	m := Measure(trace, 60*time.Millisecond)
	if m.Discarded != 10 || *m.Jitter < 2*time.Millisecond || *m.Jitter > 4*time.Millisecond {
		t.Errorf("%d discarded, jitter %v; want 10 and 3.6 ms", m.Discarded, m.Jitter)
	}
}
