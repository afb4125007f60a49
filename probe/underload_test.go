package probe

import (
	"testing"
	"time"
)

// With a round trip of 1.5 s the call began before TCP had sent its first packets: a call
// on an idle line was reported as one on a full line.
func TestLineIsFullBeforeTheCall(t *testing.T) {
	const packet = 1448.0 // bytes of a full TCP segment
	for _, trip := range []time.Duration{0, 20 * time.Millisecond, 150 * time.Millisecond, 600 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond} {
		first, all := filling(trip)
		window := 10 * packet
		for spent := 2 * trip; trip > 0 && spent < first; spent += trip { // a request, then the first window
			window *= 2
		}
		if mbps := 8 * window / trip.Seconds() / 1e6; trip > 0 && mbps < 2 {
			t.Errorf("round trip %v: after %v TCP is at %.1f Mbit/s", trip, first, mbps)
		}
		if all < first+loadedFor+callEnds || first > 20*time.Second {
			t.Errorf("round trip %v: filled %v before, %v in all", trip, first, all)
		}
	}
	if longest, _ := filling(time.Hour); longest > 20*time.Second {
		t.Errorf("filled for %v before the call", longest)
	}
}
