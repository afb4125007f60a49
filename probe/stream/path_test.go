package stream

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const sec = time.Second

// Every path with clocks that agree, and that drift by 200 ppm either way:
// discards are those of the true delays.
func TestDiscardsOnTruePaths(t *testing.T) {
	tests := []struct {
		name   string
		sim    sim
		starts []int // first packets of the true parts
		off    int   // packets that discards may be off by
	}{
		{"constant", sim{delay: constant(120 * ms)}, nil, 0},
		{"scattered within the buffer", sim{delay: uniform(30 * ms)}, nil, 0},
		// 21 packets a millisecond lie at the buffer's edge, 480 in the next
		// line: no estimate of the skew is better than that.
		{"scattered beyond the buffer", sim{delay: uniform(70 * ms)}, nil, 10},
		{"ten minutes", sim{n: 30_000, delay: uniform(62 * ms)}, nil, 10},
		{"scattered to both sides", sim{delay: normal(80*ms, 5*ms)}, nil, 0},
		{"scattered to both sides for ten minutes", sim{n: 30_000, delay: normal(80*ms, 5*ms)}, nil, 0},
		{"80 ms longer half way", sim{delay: stepped(30*ms, step{15 * sec, 80 * ms})}, []int{750}, 2},
		{"80 ms longer half way, lossy", sim{delay: stepped(30*ms, step{15 * sec, 80 * ms}), lost: every(7)}, []int{750}, 2},
		{"80 ms longer half way of ten minutes", sim{n: 30_000, delay: stepped(30*ms, step{300 * sec, 80 * ms})}, []int{15_000}, 2},
		{"80 ms shorter half way", sim{delay: stepped(30*ms, step{0, 90 * ms}, step{15 * sec, -80 * ms})}, []int{750}, 2},
		{"longer for 25 s, then shorter", sim{n: 2250, delay: stepped(30*ms, step{10 * sec, 80 * ms}, step{35 * sec, -80 * ms})}, []int{500, 1750}, 2},
		{"longer for ten seconds, a queue", sim{delay: stepped(30*ms, step{10 * sec, 80 * ms}, step{20 * sec, -80 * ms})}, nil, 2},
		{"twice longer", sim{delay: stepped(20*ms, step{10 * sec, 80 * ms}, step{20 * sec, 100 * ms})}, []int{500, 1000}, 2},
		{"longer after the first second", sim{delay: stepped(30*ms, step{sec, 80 * ms})}, []int{50}, 2},
		{"longer for the last three seconds", sim{delay: stepped(30*ms, step{27 * sec, 80 * ms})}, []int{1350}, 2},
		{"longer for the last second", sim{delay: stepped(30*ms, step{29 * sec, 80 * ms})}, nil, 2},
		{"a spike of a second", sim{delay: stepped(10*ms, step{10 * sec, 80 * ms}, step{11 * sec, -80 * ms})}, nil, 2},
		{"a spike of three seconds", sim{delay: stepped(10*ms, step{10 * sec, 80 * ms}, step{13 * sec, -80 * ms})}, nil, 2},
		{"a path that fails over in three seconds", sim{delay: stepped(10*ms, step{13 * sec, 80 * ms}), lost: between(500, 650)}, []int{650}, 2},
		{"five seconds without a packet", sim{delay: uniform(30 * ms), lost: between(500, 750)}, nil, 0},
		{"too short for a skew", sim{n: 300, delay: uniform(30 * ms)}, nil, 2},
		{"few packets", sim{n: 7, delay: uniform(30 * ms)}, nil, 0},
		{"a slow shift of 15 ms", sim{delay: stepped(10*ms, step{15 * sec, 15 * ms})}, nil, 0},
		{"60 ms packets", sim{n: 500, ptime: 60 * ms, delay: stepped(30*ms, step{15 * sec, 80 * ms})}, []int{250}, 2},
	}
	for _, tt := range tests {
		for _, ppm := range []float64{0, 200, -200} {
			for seed := range uint64(5) {
				tt.sim.seed, tt.sim.ppm, tt.sim.offset = seed, ppm, 3*time.Hour
				tr, delays := tt.sim.run()
				m := Measure(tr, 60*ms)
				want := lateTruth(delays, tr.PacketTime, 60*ms, tt.starts...)
				off := tt.off
				if ppm == 0 {
					off = min(off, 1) // without skew nothing but the place of a shift is in doubt
				}
				if d := m.Discarded - want; d > off || d < -off {
					t.Errorf("%s, %v ppm, seed %d: got %d discards, want %d", tt.name, ppm, seed, m.Discarded, want)
				}
				if len(m.Shifts) != len(tt.starts) {
					t.Errorf("%s, %v ppm, seed %d: got shifts %v, want %d", tt.name, ppm, seed, m.Shifts, len(tt.starts))
				}
			}
		}
	}
}

// A queue that fills is neither skew nor shift: its packets are late.
func TestQueuesSurvive(t *testing.T) {
	tests := []struct {
		name string
		path func(time.Duration, *rand.Rand) time.Duration
	}{
		{"100 ms in 30 s", ramp(0, 0, 30*sec, 100*ms)},
		{"100 ms in 30 s, scattered", ramp(30*ms, 0, 30*sec, 100*ms)},
		{"100 ms in the second half", ramp(10*ms, 15*sec, 30*sec, 100*ms)},
		{"150 ms in the second half", ramp(10*ms, 15*sec, 30*sec, 150*ms)},
		{"20 ms in the second half", ramp(10*ms, 15*sec, 30*sec, 20*ms)},
		{"90 ms in ten seconds", ramp(10*ms, 5*sec, 15*sec, 90*ms)},
		{"200 ms in ten seconds", ramp(10*ms, 5*sec, 15*sec, 200*ms)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(5) {
				tr, delays := sim{seed: seed, delay: tt.path}.run()
				m := Measure(tr, 60*ms)
				if want := lateTruth(delays, 20*ms, 60*ms); m.Discarded != want {
					t.Errorf("seed %d: got %d discards, want %d", seed, m.Discarded, want)
				}
				if want := quantile(delays, 0.99); *m.PDVp99 != want {
					t.Errorf("seed %d: got PDV %v, want %v", seed, *m.PDVp99, want)
				}
				if len(m.Shifts) > 0 {
					t.Errorf("seed %d: got shifts %v", seed, m.Shifts)
				}
			}
		})
	}
}

// A queue in the second half does not hide a skew that the first half shows.
func TestSkewBesideAQueue(t *testing.T) {
	tr, delays := sim{n: 30_000, ppm: 200, delay: ramp(30*ms, 300*sec, 315*sec, 100*ms)}.run()
	m := Measure(tr, 60*ms)
	if want := lateTruth(delays, 20*ms, 60*ms); m.Discarded < want-2 || m.Discarded > want+2 {
		t.Errorf("got %d discards, want %d", m.Discarded, want)
	}
	wantSkew(t, m, 200, 1)
}

func TestClockSkew(t *testing.T) {
	tests := []struct {
		name        string
		sim         sim
		within      float64
		notMeasured bool
	}{
		{"none", sim{delay: uniform(30 * ms)}, 25, false},
		{"200 ppm", sim{ppm: 200, delay: uniform(30 * ms)}, 25, false},
		{"-200 ppm", sim{ppm: -200, delay: uniform(30 * ms)}, 25, false},
		{"450 ppm", sim{ppm: 450, delay: uniform(10 * ms)}, 10, false},
		{"200 ppm, no scatter", sim{ppm: 200, delay: constant(50 * ms)}, 0.1, false},
		{"5 ppm, too little to remove, is still told", sim{ppm: 5, delay: uniform(2 * ms)}, 3, false},
		{"20 ppm for ten minutes", sim{n: 30_000, ppm: 20, delay: uniform(30 * ms)}, 0.5, false},
		{"200 ppm for two hours", sim{n: 360_000, ppm: 200, delay: uniform(30 * ms)}, 0.1, false},
		{"200 ppm and a shift", sim{ppm: 200, delay: stepped(30*ms, step{15 * sec, 80 * ms})}, 50, false},
		{"200 ppm and a small shift", sim{ppm: 200, delay: stepped(10*ms, step{10 * sec, 8 * ms})}, 25, false},
		{"a queue that fills", sim{delay: ramp(10*ms, 0, 30*sec, 100*ms)}, 0, true},
		{"beyond what clocks do", sim{ppm: 800, delay: uniform(10 * ms)}, 0, true},
		{"a call of five seconds", sim{n: 250, ppm: 200}, 0, true},
		{"too scattered to tell", sim{delay: normal(300*ms, 60*ms)}, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.sim.seed = 7
			tr, _ := tt.sim.run()
			m := Measure(tr, 60*ms)
			if !tt.notMeasured {
				wantSkew(t, m, tt.sim.ppm, tt.within)
			} else if m.SkewPPM != nil {
				t.Errorf("got %v ppm, want not measured", *m.SkewPPM)
			}
			if (m.SkewPPM == nil) != (m.SkewReason != "") {
				t.Errorf("the reason is %q", m.SkewReason)
			}
		})
	}
}

// Packet delay variation is against the fastest packet, without the skew.
func TestSkewDoesNotBendPDV(t *testing.T) {
	tr, delays := sim{seed: 2, n: 30_000, ppm: 200, delay: uniform(40 * ms)}.run()
	got, want := *Measure(tr, 60*ms).PDVp99, quantile(delays, 0.99)
	if d := got - want; d.Abs() > ms/2 {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Less than a millisecond over the call is not worth a correction that could
// be wrong: the figures are those of the raw stamps.
func TestSmallSkewIsNotRemoved(t *testing.T) {
	tr, _ := sim{ppm: 30, delay: constant(0)}.run() // 0.9 ms in 30 s
	m := Measure(tr, 60*ms)
	if *m.PDVp99 < 800*time.Microsecond {
		t.Errorf("got PDV %v, want the skew in it", *m.PDVp99)
	}
	wantSkew(t, m, 30, 1)
}

func TestShiftIsReported(t *testing.T) {
	first := func(i int, _ *rand.Rand) bool { return i < 100 } // lost
	tr, _ := sim{seed: 1, delay: stepped(10*ms, step{15 * sec, 80 * ms}), lost: first}.run()
	m := Measure(tr, 60*ms)
	if len(m.Shifts) != 1 {
		t.Fatalf("got shifts %v, want one", m.Shifts)
	}
	if at := m.Shifts[0].At; at != 15*sec {
		t.Errorf("got it at %v, want 15s after the first packet was sent", at)
	}
	if by := m.Shifts[0].By; (by - 80*ms).Abs() > ms {
		t.Errorf("got %v, want 80ms", by)
	}
}

func TestJitterBufferSize(t *testing.T) {
	tr := delayed(0, 40*ms, 60*ms, 60*ms+1, 100*ms, 0)
	for buffer, want := range map[time.Duration]int{0: 4, 40 * ms: 3, 60 * ms: 2, 100 * ms: 0} {
		if got := Measure(tr, buffer).Discarded; got != want {
			t.Errorf("buffer %v: got %d discards, want %d", buffer, got, want)
		}
	}
}

func wantSkew(t *testing.T, m Metrics, want, within float64) {
	t.Helper()
	if m.SkewPPM == nil {
		t.Errorf("skew not measured, want %v ppm", want)
	} else if math.Abs(*m.SkewPPM-want) > within {
		t.Errorf("got %v ppm, want %v within %v", *m.SkewPPM, want, within)
	}
}

// normal scatters to both sides.
func normal(mean, deviation time.Duration) func(time.Duration, *rand.Rand) time.Duration {
	return func(_ time.Duration, r *rand.Rand) time.Duration {
		return max(0, mean+time.Duration(r.NormFloat64()*float64(deviation)))
	}
}

// every loses each n-th packet.
func every(n int) func(int, *rand.Rand) bool {
	return func(i int, _ *rand.Rand) bool { return i%n == n-1 }
}

// between loses the packets from one up to another.
func between(from, to int) func(int, *rand.Rand) bool {
	return func(i int, _ *rand.Rand) bool { return i >= from && i < to }
}
