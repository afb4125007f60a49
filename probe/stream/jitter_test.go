package stream

import (
	"math"
	"testing"
	"time"
)

// The worked example that goes with RFC 3550 6.4.1: 8 kHz, arrivals in
// seconds, RTP timestamps.
func TestJitterOfTheWorkedExample(t *testing.T) {
	arrived := []float64{0.348411, 0.418358, 0.421891}
	stamps := []float64{1240, 1400, 1560}
	want := []float64{0, 3.1216875, 3.95576953125} // ms
	var e estimator
	for i := range arrived {
		got := e.add((arrived[i] - stamps[i]/8000) * 1000)
		if math.Abs(got-want[i]) > 1e-9 {
			t.Errorf("after packet %d: got %v ms, want %v ms", i, got, want[i])
		}
	}
}

// delayed makes a trace of packets with these delays, in order.
func delayed(delays ...time.Duration) Trace {
	t := Trace{Sent: len(delays), PacketTime: 20 * ms}
	for i, d := range delays {
		at := Due(0, i, 20*ms)
		t.Arrivals = append(t.Arrivals, Arrival{Seq: int64(i), Sent: at, Received: at + d, DSCP: NoDSCP})
	}
	return t
}

func TestJitterMeanAndMaximum(t *testing.T) {
	// One packet 16 ms late: |D| is 16 twice, so J is 1, then 1 + 15/16, and
	// falls by a sixteenth from there.
	late := make([]time.Duration, 12)
	late[5] = 16 * ms
	m := Measure(delayed(late...), 60*ms)
	j, sum := 1+15.0/16, 1.0
	for range 6 {
		sum += j
		j *= 15.0 / 16
	}
	wantDuration(t, "maximum", m.JitterMax, 1.9375)
	wantDuration(t, "mean over the packets after the first", m.Jitter, sum/11)
}

func TestCopiesDoNotCountInJitter(t *testing.T) {
	once := delayed(make([]time.Duration, 20)...)
	twice := once
	twice.Arrivals = nil
	for _, a := range once.Arrivals {
		twice.Arrivals = append(twice.Arrivals, a)
		a.Received += 15 * ms
		twice.Arrivals = append(twice.Arrivals, a)
	}
	wantDuration(t, "mean", Measure(twice, 60*ms).Jitter, 0)
}

// Talk spurts: after comfort noise the timestamp jumps, and so does the clock.
func TestSilenceIsNoJitter(t *testing.T) {
	tr := Trace{Sent: 100, PacketTime: 20 * ms}
	at := time.Duration(0)
	for i := range 100 {
		at += 20 * ms
		if i%25 == 0 {
			at += 1300 * ms
		}
		tr.Arrivals = append(tr.Arrivals, Arrival{Seq: int64(i), Sent: at, Received: at + time.Hour})
	}
	wantDuration(t, "maximum", Measure(tr, 60*ms).JitterMax, 0)
}

// A sender that is late stamps late: its lateness is not the network's.
func TestLateSenderIsNoJitter(t *testing.T) {
	tr, _ := sim{seed: 1, late: true, delay: constant(40 * ms)}.run()
	wantDuration(t, "maximum", Measure(tr, 60*ms).JitterMax, 0)
}

// Clock skew of 200 ppm is 4 us a packet, and stays in the figure.
func TestSkewBarelyShowsInJitter(t *testing.T) {
	tr, _ := sim{ppm: 200}.run()
	m := Measure(tr, 60*ms)
	if *m.JitterMax > 4*time.Microsecond || *m.Jitter < 3*time.Microsecond {
		t.Errorf("got mean %v and maximum %v, want just under 4 us", *m.Jitter, *m.JitterMax)
	}
}

func TestClocksThatDifferByHours(t *testing.T) {
	for _, offset := range []time.Duration{-9 * time.Hour, 9 * time.Hour, 90 * 365 * 24 * time.Hour} {
		tr, _ := sim{seed: 3, delay: uniform(100 * ms)}.run()
		want := Measure(tr, 60*ms)
		for i := range tr.Arrivals {
			tr.Arrivals[i].Received += offset
		}
		got := Measure(tr, 60*ms)
		if *got.Jitter != *want.Jitter || *got.PDVp99 != *want.PDVp99 || got.Discarded != want.Discarded {
			t.Errorf("offset %v: got %v %v %d, want %v %v %d", offset,
				*got.Jitter, *got.PDVp99, got.Discarded, *want.Jitter, *want.PDVp99, want.Discarded)
		}
	}
}

// wantDuration compares to the nanosecond.
func wantDuration(t *testing.T, what string, got *time.Duration, wantMS float64) {
	t.Helper()
	if got == nil {
		t.Errorf("%s: not measured, want %v ms", what, wantMS)
	} else if math.Abs(float64(*got)-wantMS*1e6) > 1 {
		t.Errorf("%s: got %v, want %v ms", what, *got, wantMS)
	}
}
