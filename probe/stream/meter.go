package stream

import (
	"cmp"
	"math"
	"time"
)

// minForJitter is how many packets a jitter needs: with three, tools report anything
// between 63 ms and 5e10 ms. With fewer it is not measured.
const minForJitter = 10

// pdvShare is the quantile of the packet delay variation that is reported.
const pdvShare = 0.99

// Measure turns a trace into the figures of its direction. jitterBuffer is how
// much later than the fastest packet a packet may be and still be played.
//
// Arrivals whose sequence number is not below Sent are left out: a caller that knows
// of more packets than the send records raises Sent.
func Measure(t Trace, jitterBuffer time.Duration) Metrics {
	t.Sent = max(t.Sent, 0)
	t = t.withoutLate()
	arrived, duplicates := firstCopies(t)
	m := counts(t, arrived, duplicates)
	if t.Untimed {
		m.SkewReason = "no known clock counts the timestamps"
		m.burst(path{early: arrived}, nil)
		return m
	}
	p := newPath(arrived)
	if m.Received >= minForJitter {
		mean, largest := jitter(arrived, p)
		m.Jitter, m.JitterMax = nanoseconds(mean), nanoseconds(largest)
	}
	m.PDVp99, m.Shifts = p.pdv(pdvShare), p.shifts(t.PacketTime)
	m.SkewPPM, m.SkewReason = p.skew.ppm, p.skew.reason
	late := p.late(jitterBuffer)
	m.Discarded = count(late)
	if m.Sent > 0 {
		m.Discard = share(m.Discarded, m.Sent)
	}
	m.burst(p, late)
	return m
}

// counts are the figures that need no time.
func counts(t Trace, arrived []packet, duplicates int) Metrics {
	places := reordered(arrived)
	m := Metrics{
		Sent:       t.Sent,
		Received:   len(arrived),
		Lost:       t.Sent - len(arrived),
		Duplicates: duplicates,
		Reordered:  len(places),
		DSCP:       commonDSCP(arrived),
	}
	if m.Received > 0 {
		m.InOrder = share(m.Received-m.Reordered, m.Received)
		m.InOrderInterval = inOrder(places, m.Received)
	}
	if m.Sent > 0 {
		m.Loss = share(m.Lost, m.Sent)
	}
	return m
}

// packet is the first copy of a packet that arrived. Times are nanoseconds
// since the first arrival's, as float64: exact to the nanosecond for 100 days.
type packet struct {
	seq     int64
	sent    float64 // sender's clock
	transit float64 // receive stamp - send stamp, the first arrival's being 0
	leeway  float64 // how much shorter the transit may be
	dscp    int32
	action  SenderAction
}

// firstCopies lists the packets that arrived, in order of arrival and each
// once, and counts the further copies.
func firstCopies(t Trace) (arrived []packet, duplicates int) {
	seen := newNumbers(t)
	var first Arrival
	for _, a := range t.Arrivals {
		if a.Seq < 0 || a.Seq >= int64(t.Sent) {
			continue
		}
		if seen.had(a.Seq) {
			duplicates++
			continue
		}
		if len(arrived) == 0 {
			first = a
		}
		sent := difference(a.Sent, first.Sent)
		arrived = append(arrived, packet{
			seq:     a.Seq,
			sent:    sent,
			transit: difference(a.Received, first.Received) - sent,
			leeway:  float64(max(0, a.Leeway)),
			dscp:    int32(a.DSCP),
			action:  a.Action,
		})
	}
	settle(arrived)
	return arrived, duplicates
}

// numbers is a set of sequence numbers: a bit each, unless far more were sent
// than arrived.
type numbers struct {
	bits   []uint64
	sparse map[int64]struct{}
}

func newNumbers(t Trace) numbers {
	const worth = 1 << 8 // bits for each arrival: less than an entry of the map costs
	if t.Sent <= worth*len(t.Arrivals) {
		return numbers{bits: make([]uint64, (t.Sent+63)/64)}
	}
	return numbers{sparse: make(map[int64]struct{}, len(t.Arrivals))}
}

// had adds a number, and says whether it was there already.
func (n numbers) had(seq int64) bool {
	if n.sparse != nil {
		_, ok := n.sparse[seq]
		n.sparse[seq] = struct{}{}
		return ok
	}
	bit := uint64(1) << (seq % 64)
	ok := n.bits[seq/64]&bit != 0
	n.bits[seq/64] |= bit
	return ok
}

// difference is a - b in nanoseconds. It subtracts integers where that cannot
// overflow, so that clocks that differ by years lose no digit.
func difference(a, b time.Duration) float64 {
	if d := a - b; (d < a) == (b > 0) {
		return float64(d)
	}
	return float64(a) - float64(b)
}

// commonDSCP is the mark that most packets arrived with, the smaller one of
// two that are equally frequent; nil where no mark could be read.
func commonDSCP(arrived []packet) *int {
	count := map[int32]int{}
	for _, p := range arrived {
		if p.dscp != NoDSCP {
			count[p.dscp]++
		}
	}
	var best *int32
	for mark, n := range count {
		if best == nil || n > count[*best] || n == count[*best] && mark < *best {
			best = &mark
		}
	}
	if best == nil {
		return nil
	}
	return new(int(*best))
}

// bySent sorts packets by send stamp.
func bySent(a, b packet) int {
	return cmp.Or(cmp.Compare(a.sent, b.sent), cmp.Compare(a.seq, b.seq))
}

// byTransit sorts packets by the time they took.
func byTransit(a, b packet) int { return cmp.Compare(a.transit, b.transit) }

// share is part / whole.
func share(part, whole int) *float64 {
	return new(float64(part) / float64(whole))
}

// nanoseconds rounds to a duration.
func nanoseconds(ns float64) *time.Duration {
	const most = 1 << 62 // beyond any duration that a trace can mean
	return new(time.Duration(math.Round(min(max(ns, -most), most))))
}
