package stream_test

import (
	"fmt"
	"time"

	"netready/probe/stream"
)

// A call of 500 packets of 20 ms. Every tenth packet takes 10 ms longer than the
// others, and one packet in a hundred does not arrive.
func ExampleMeasure() {
	const packetTime = 20 * time.Millisecond
	trace := stream.Trace{Sent: 500, PacketTime: packetTime}
	for i := range trace.Sent {
		if i%100 == 50 {
			continue // lost
		}
		sent := time.Duration(i) * packetTime
		transit := 30 * time.Millisecond
		if i%10 == 0 {
			transit += 10 * time.Millisecond
		}
		trace.Arrivals = append(trace.Arrivals, stream.Arrival{
			Seq: int64(i), Sent: sent, Received: sent + transit, DSCP: stream.NoDSCP,
		})
	}

	m := stream.Measure(trace, 60*time.Millisecond)
	fmt.Printf("lost %d of %d: %.1f %%\n", m.Lost, m.Sent, 100**m.Loss)
	fmt.Printf("discarded %d, in order %.0f %%\n", m.Discarded, 100**m.InOrder)
	fmt.Printf("jitter %v, delay variation %v\n", m.Jitter.Round(10*time.Microsecond), m.PDVp99.Round(time.Millisecond))
	// Output:
	// lost 5 of 500: 1.0 %
	// discarded 0, in order 100 %
	// jitter 1.76ms, delay variation 10ms
}
