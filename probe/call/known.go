package call

import (
	"errors"
	"slices"
	"time"

	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// lateWait is how long after the last packet was due late ones are awaited.
// What comes later is lost.
const lateWait = wire.TooLate

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

// Errors of a far end whose figures cannot be believed.
var (
	errInvented = errors.New("the responder tells of packets that were never sent")
	errTimes    = errors.New("the responder's stamps lie further apart than the call lasted")
)

// mostWander is by how much longer than the sending the receiving may have
// lasted: more than any queue holds and any standstill of a responder that
// still has its session.
const mostWander = time.Minute

// believable says what is wrong with the trace of the way up: every stamp of
// ours in it has to be the one that went out, and those of the responder have
// to lie within the call.
func believable(arrivals []stream.Arrival, sentAt []time.Duration) error {
	for _, a := range arrivals {
		if a.Seq < 0 || a.Seq >= int64(len(sentAt)) || a.Sent != sentAt[a.Seq] {
			return errInvented
		}
	}
	return lasting(arrivals, sentAt[len(sentAt)-1]-sentAt[0], func(a stream.Arrival) time.Duration { return a.Received })
}

// lasting says that a stamp of the arrivals spans more than a time and
// mostWander; asked of the far end's stamps with our own span.
func lasting(arrivals []stream.Arrival, span time.Duration, stamp func(stream.Arrival) time.Duration) error {
	if len(arrivals) == 0 {
		return nil
	}
	first, last := stamp(arrivals[0]), stamp(arrivals[0])
	for _, a := range arrivals {
		first, last = min(first, stamp(a)), max(last, stamp(a))
	}
	if last-first > span+mostWander || first < -farAway || last > farAway {
		return errTimes
	}
	return nil
}

// farAway bounds stamps, so that no difference of two overflows.
const farAway = time.Duration(1 << 61)

// sending is how well a sender kept its pace.
type sending struct {
	late    []int64 // packets that it was over wire.TooLate late with, ascending
	bunched int     // others that left over a packet time late, and so together with the next
}

// pace tells it by how late each packet was.
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

// latenessOf is by how much each packet of a far sender left after it was due.
// Its start is not told; the packet that was least late stands for it.
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

// reachable are those of the packets that were held back that would have
// arrived: a check that left just before or after them did. The others are as
// lost as all that went into the same silence.
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
