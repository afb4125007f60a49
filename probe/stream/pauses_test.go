package stream

import (
	"testing"
	"time"
)

// What is read in a pause may have come since it began, and what is read later may not.
func TestPauses(t *testing.T) {
	const ms = time.Millisecond
	// Packets 2, 3 and 4 were due at 1040, 1060 and 1080 ms, and left together at 1100 ms.
	p := NewPauses(1000*ms, 20*ms, []time.Duration{0, 5 * ms, 60 * ms, 40 * ms, 20 * ms, 0, 0, 0, 30 * ms})
	for at, want := range map[time.Duration]time.Duration{
		1039 * ms: 0, 1041 * ms: 1 * ms, 1100 * ms: 60 * ms, 1120 * ms: 80 * ms, 1121 * ms: 0,
		1159 * ms: 0, 1190 * ms: 30 * ms, 1300 * ms: 0, 0: 0,
	} {
		if got := p.Before(at); got != want {
			t.Errorf("read at %v: may have come %v before, want %v", at, got, want)
		}
	}
	// A machine that runs every 50 ms shows pauses of 50 ms, and not one of half a second.
	lateness := make([]time.Duration, 25)
	for i := range lateness {
		due := time.Duration(i) * 20 * ms
		lateness[i] = 80*ms + (due + 49*ms).Truncate(50*ms) - due
	}
	for at := 180 * ms; at < 500*ms; at += ms { // the first packet was 80 ms late
		if got := NewPauses(0, 20*ms, lateness).Before(at); got > 70*ms {
			t.Fatalf("read at %v: may have come %v before", at, got)
		}
	}
	if got := NewPauses(0, 20*ms, nil).Before(5 * ms); got != 0 {
		t.Errorf("without departures: %v", got)
	}
}

// A machine that did not read for 400 ms, and whose system stamps nothing, does not look like
// a path that delays its packets.
func TestPauseOfTheReaderIsNotThePaths(t *testing.T) {
	const every, ms = 20 * time.Millisecond, time.Millisecond
	lateness := make([]time.Duration, 500)
	for i := range 20 {
		lateness[100+i] = 400*ms - time.Duration(i)*every
	}
	trace := Trace{Sent: 500, PacketTime: every}
	for i := range 500 {
		sent := Due(0, i, every)
		read := sent + 30*ms
		if read > 2000*ms && read < 2400*ms {
			read = 2402 * ms
		}
		trace.Arrivals = append(trace.Arrivals, Arrival{Seq: int64(i), Sent: sent, Received: read})
	}
	if m := Measure(trace, 60*ms); m.Discarded == 0 {
		t.Fatal("the pause does no harm, so this test shows nothing")
	}
	if n := NewPauses(0, every, lateness).Allow(trace.Arrivals); n < 19 || n > 22 {
		t.Errorf("%d packets were read after the pause, want 20 or so", n)
	}
	m := Measure(trace, 60*ms)
	if m.Discarded != 0 || m.Jitter == nil || *m.Jitter > 1 {
		t.Errorf("discarded %d, jitter %v", m.Discarded, m.Jitter)
	}
}
