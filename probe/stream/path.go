package stream

import (
	"math"
	"slices"
	"time"
)

// path is the delay of a stream's packets over time, without the clock skew, cut into
// parts with a fastest packet of their own.
type path struct {
	packets []packet // sorted by send stamp, transits without the skew
	early   []packet // outliers, which are no part's fastest
	cuts    []int    // the first packet of every part after the first
	pauses  []int    // those of them that the sender caused
	skew    skew
}

// newPath looks for shifts and for skew in turn, since each hides the other. Steps can
// be seen whatever the clocks do, the skew can be seen within the parts, and without
// the skew it can be seen which steps are lasting shifts.
func newPath(arrived []packet) path {
	raw := slices.Clone(arrived)
	slices.SortFunc(raw, bySent)
	raw, early := apart(raw, pauses(raw))
	p := path{packets: raw, early: early, pauses: pauses(raw)}
	var candidates []int
	p.cuts = p.stretches(func(from, to int) []int {
		found := steps(raw[from:to])
		for _, c := range found {
			candidates = append(candidates, from+c)
		}
		return found
	})
	for range 2 {
		p.skew = skewOf(raw, p.cuts)
		p.packets = p.skew.removed(raw)
		p.cuts = p.stretches(func(from, to int) []int {
			var own []int
			for _, c := range candidates {
				if c > from && c < to {
					own = append(own, c-from)
				}
			}
			return lasting(p.packets[from:to], own)
		})
	}
	return p
}

// stretches lists the pauses and the cuts that f makes between them.
func (p path) stretches(f func(from, to int) []int) []int {
	var cuts []int
	parts(len(p.packets), p.pauses, func(from, to int) {
		if from > 0 {
			cuts = append(cuts, from)
		}
		for _, c := range f(from, to) {
			cuts = append(cuts, from+c)
		}
	})
	return cuts
}

// paused says whether a part begins with a pause of the sender.
func (p path) paused(cut int) bool {
	_, found := slices.BinarySearch(p.pauses, cut)
	return found
}

// stretch is the number of pauses that the sender made before a packet.
func (p path) stretch(k packet) int {
	if len(p.pauses) == 0 {
		return 0
	}
	n, found := slices.BinarySearchFunc(p.pauses, k, func(cut int, k packet) int { return bySent(p.packets[cut], k) })
	if found {
		n++
	}
	return n
}

// parts calls f with the bounds of every part.
func parts(n int, cuts []int, f func(from, to int)) {
	from := 0
	for _, c := range cuts {
		f(from, c)
		from = c
	}
	if from < n {
		f(from, n)
	}
}

// fastest is the smallest transit of a stretch of packets.
func fastest(packets []packet) float64 {
	best := math.Inf(1)
	for _, k := range packets {
		best = min(best, k.transit)
	}
	return best
}

// shifts lists the lasting shifts of the path.
func (p path) shifts(ptime time.Duration) []Shift {
	var shifts []Shift
	for i, c := range p.cuts {
		if p.paused(c) {
			continue
		}
		from, to := 0, len(p.packets)
		if i > 0 {
			from = p.cuts[i-1]
		}
		if i+1 < len(p.cuts) {
			to = p.cuts[i+1]
		}
		start := p.packets[0].sent - float64(p.packets[0].seq)*float64(ptime)
		by := fastest(lead(p.packets[c:to])) - fastest(tail(p.packets[from:c]))
		shifts = append(shifts, Shift{
			At: *nanoseconds(p.packets[c].sent - start),
			By: *nanoseconds(by),
		})
	}
	return shifts
}

// lead is the first shiftWindow of a stretch of packets.
func lead(packets []packet) []packet {
	n := 0
	for n < len(packets) && packets[n].sent-packets[0].sent < shiftWindow {
		n++
	}
	return packets[:n]
}

// tail is the last shiftWindow of a stretch of packets.
func tail(packets []packet) []packet {
	last := len(packets) - 1
	n := last
	for n > 0 && packets[last].sent-packets[n-1].sent < shiftWindow {
		n--
	}
	return packets[n:]
}

// pdv is the q-quantile of the packet delay variation of RFC 5481 4.2: how much longer
// a packet took than the fastest one of the whole call. A shift does not start a new
// reference, since a path that gets longer did vary; a pause of the sender does.
func (p path) pdv(q float64) *time.Duration {
	if len(p.packets) == 0 {
		return nil
	}
	delays := make([]float64, len(p.early), len(p.early)+len(p.packets)) // outliers: 0
	p.above(func(_ packet, delay float64) { delays = append(delays, delay) })
	slices.Sort(delays)
	return nanoseconds(delays[rank(q, len(delays))])
}

// above calls f with every packet and by how much longer it took than the fastest one
// between the same two pauses of the sender.
func (p path) above(f func(k packet, delay float64)) {
	parts(len(p.packets), p.pauses, func(from, to int) {
		base := fastest(p.packets[from:to])
		for _, k := range p.packets[from:to] {
			f(k, k.transit-base)
		}
	})
}
