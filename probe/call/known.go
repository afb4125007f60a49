package call

import (
	"errors"
	"slices"
	"time"

	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// lateWait is how long late packets are awaited after the last one was due. What
// comes later is lost.
const lateWait = wire.TooLate

// inTime leaves out arrivals that came more than lateWait after the last packet
// would have come with the fastest transit. Sender and receiver have different
// clocks; the fastest transit connects them.
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

// fateKnown is of how many packets it is known whether they arrived, if the
// receiver's last report came at a moment: those sent some time before it, and all
// up to the last that arrived. Packets in the network when a run ends are not lost.
func fateKnown(sentAt []time.Duration, arrivals []stream.Arrival, report, settle time.Duration) int {
	n, _ := slices.BinarySearch(sentAt, report-settle)
	return min(max(n, highest(arrivals)), len(sentAt))
}

// Errors of a far end whose figures cannot be true.
var (
	errInvented = errors.New("the responder reports packets that were never sent")
	errTimes    = errors.New("the responder's stamps span a longer time than the call lasted")
)

// mostExtra is by how much longer receiving may last than sending: longer than the delay of any
// queue, and longer than a responder can pause without losing its sessions.
const mostExtra = time.Minute

// believable says what is wrong with the trace of the way up. Every send stamp in
// it must be the one that was sent, and the responder's stamps must be within the
// call.
func believable(arrivals []stream.Arrival, sentAt []time.Duration) error {
	for _, a := range arrivals {
		if a.Seq < 0 || a.Seq >= int64(len(sentAt)) || a.Sent != sentAt[a.Seq] {
			return errInvented
		}
	}
	return lasting(arrivals, sentAt[len(sentAt)-1]-sentAt[0], func(a stream.Arrival) time.Duration { return a.Received })
}

// lasting is errTimes where the far end's stamps of the arrivals span more than
// our own span of time and mostExtra.
func lasting(arrivals []stream.Arrival, span time.Duration, stamp func(stream.Arrival) time.Duration) error {
	if len(arrivals) == 0 {
		return nil
	}
	first, last := stamp(arrivals[0]), stamp(arrivals[0])
	for _, a := range arrivals {
		first, last = min(first, stamp(a)), max(last, stamp(a))
	}
	if last-first > span+mostExtra || first < -mostStamp || last > mostStamp {
		return errTimes
	}
	return nil
}

// mostStamp bounds stamps, so that no difference of two overflows.
const mostStamp = time.Duration(1 << 61)

// mostLeeway bounds what a far end says of its own stamps: it drops what is later.
const mostLeeway = wire.TooLate

// leeway is how much later than its stamp a packet may have left that the system took so
// long after it. The time itself says no more: this PC may have lost its processor before
// the packet left or after it.
func leeway(took time.Duration) time.Duration {
	if took <= wire.ExactHandover {
		return 0
	}
	return took
}

// slow counts the packets that the system took too late after their stamp.
func slow(took []time.Duration) (n int) {
	for _, t := range took {
		if t > wire.SlowHandover {
			n++
		}
	}
	return n
}

// sending is how well a sender kept its pace.
type sending struct {
	late    []int64 // packets that were more than wire.TooLate late, ascending
	bunched int     // others that left more than a packet time late, and so together with the next
}

// pace judges a sender by how late each packet was.
func pace(lateness []time.Duration, ptime time.Duration) (s sending) {
	for i, by := range lateness {
		switch {
		case by > wire.TooLate:
			s.late = append(s.late, int64(i))
		case by > ptime:
			s.bunched++
		}
	}
	return s
}

// latenessOf is by how much each packet of a far sender left after it was due. The
// sender does not report its start, so the packet that was least late gives it.
func latenessOf(left []wire.Departure, packets int, ptime time.Duration) []time.Duration {
	if len(left) == 0 {
		return nil
	}
	due := func(d wire.Departure) time.Duration { return time.Duration(d.Seq) * ptime }
	start := left[0].Sent - due(left[0])
	for _, d := range left {
		start = min(start, d.Sent-due(d))
	}
	lateness := make([]time.Duration, packets)
	for _, d := range left {
		lateness[d.Seq] = d.Sent - due(d) - start
	}
	return lateness
}

// reachable are those of the packets that were held back that would have arrived,
// since a check sent just before or after them did. The others count as lost, like
// everything sent at that time.
func reachable(held []int64, sentAt, reached []time.Duration) (all []int64) {
	slices.Sort(reached)
	for _, seq := range held {
		if seq >= int64(len(sentAt)) {
			continue
		}
		i, _ := slices.BinarySearch(reached, sentAt[seq]-checkEvery)
		if i < len(reached) && reached[i] <= sentAt[seq]+checkEvery {
			all = append(all, seq)
		}
	}
	return all
}
