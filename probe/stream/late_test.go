package stream

import (
	"testing"
	"time"
)

// Packets that a sender which stood still did not send in time are the sender's fault:
// neither lost nor out of order, and their seconds show nothing sent.
func TestPacketsSentTooLateAreNoPartOfTheStream(t *testing.T) {
	for _, test := range []struct{ from, to, dropped int }{{400, 650, 0}, {0, 100, 3}, {900, 1000, 1}, {0, 0, 5}} {
		trace := Trace{Sent: 1000, PacketTime: 20 * time.Millisecond}
		for i := range 1000 {
			if i >= test.from && i < test.to {
				trace.Late = append(trace.Late, int64(i))
				if i%2 == 0 {
					continue // whether it arrived does not matter
				}
			}
			if i%200 == 150 && i/200 < test.dropped { // lost, where it is not late
				continue
			}
			at := time.Duration(i) * 20 * time.Millisecond
			trace.Arrivals = append(trace.Arrivals, Arrival{Seq: int64(i), Sent: at, Received: at + 30*time.Millisecond})
		}
		lost := 0
		for i := range test.dropped {
			if n := 200*i + 150; n < test.from || n >= test.to {
				lost++
			}
		}
		m := Measure(trace, 60*time.Millisecond)
		if want := 1000 - (test.to - test.from); m.Sent != want || m.Lost != lost || m.Received != want-lost || m.Reordered != 0 || m.Discarded != 0 {
			t.Errorf("%+v: %d sent, %d received, %d lost, %d reordered, %d discarded; want %d sent and %d lost", test, m.Sent, m.Received, m.Lost, m.Reordered, m.Discarded, want, lost)
		}
		sum := 0
		for _, s := range Seconds(trace, 60*time.Millisecond) {
			sum += s.Lost
		}
		if sum != lost {
			t.Errorf("%+v: %d lost in the seconds, want %d", test, sum, lost)
		}
	}
}
