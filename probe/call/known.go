package call

import (
	"slices"
	"time"

	"netready/probe/stream"
)

// lateWait is how long after the last packet was due late ones are awaited.
// What comes later is lost.
const lateWait = 2 * time.Second

// inTime leaves out arrivals later than lateWait after the last packet would
// have come by the fastest way: sender and receiver have different clocks, and
// the fastest transit ties them together.
func inTime(arrivals []stream.Arrival, lastSent time.Duration) []stream.Arrival {
	if len(arrivals) == 0 {
		return nil
	}
	fastest := arrivals[0].Received - arrivals[0].Sent
	for _, a := range arrivals {
		fastest = min(fastest, a.Received-a.Sent)
	}
	limit := lastSent + fastest + lateWait
	return slices.DeleteFunc(slices.Clone(arrivals), func(a stream.Arrival) bool { return a.Received > limit })
}

// highest is one more than the highest sequence number that arrived.
func highest(arrivals []stream.Arrival) int {
	n := 0
	for _, a := range arrivals {
		n = max(n, int(a.Seq)+1)
	}
	return n
}

// fateKnown is how many packets' fate is known if the receiver's last report
// came at a moment: those sent some settling time before it, and all up to the
// last that arrived. Packets under way when a run ends are not lost.
func fateKnown(sentAt []time.Duration, arrivals []stream.Arrival, report, settle time.Duration) int {
	n, _ := slices.BinarySearch(sentAt, report-settle)
	return min(max(n, highest(arrivals)), len(sentAt))
}

// upTo leaves out arrivals of packets from seq sent on: a responder that
// reports more than was sent is not believed.
func upTo(arrivals []stream.Arrival, sent int) []stream.Arrival {
	return slices.DeleteFunc(slices.Clone(arrivals), func(a stream.Arrival) bool { return a.Seq < 0 || a.Seq >= int64(sent) })
}
