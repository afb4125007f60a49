package stream

import (
	"math"
	"slices"
	"time"
)

// What makes a lasting shift of the path, in nanoseconds: the smallest transit
// of shiftWindow moves by minShift or more and stays, here: for as long again,
// or to the end of the call. A spike shorter than that is no shift, nor is a
// queue that fills by less than minShift in shiftWindow (10 ms a second).
const (
	shiftWindow = float64(2 * time.Second)
	shiftStay   = 2 * shiftWindow
	minShift    = float64(20 * time.Millisecond)
	sameLevel   = float64(time.Millisecond) // what skew of 500 ppm does in shiftWindow
	sameRow     = 12                        // packets that the old level does not hold up by chance
)

// minEvidence is how sure a shift must be: the odds that the same packets in
// random order would show it are e^-20, little enough for the thousands of
// places where it could be seen.
const minEvidence = 20

// steps lists where the path's delay moves by minShift within shiftWindow and
// the higher level lasts: the first packet after each move.
func steps(packets []packet) []int {
	n := len(packets)
	sent, transit := make([]float64, n), make([]float64, n)
	back, reverse := make([]float64, n), make([]float64, n)
	for i, k := range packets {
		sent[i], transit[i] = k.sent, k.transit
		back[n-1-i], reverse[n-1-i] = -k.sent, k.transit
	}
	cuts := rises(sent, transit)
	for _, k := range rises(back, reverse) { // a fall is a rise seen backwards
		cuts = append(cuts, n-k)
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// rises lists the first packet of every upward move. A move is seen from
// every packet in the shiftWindow after it; the place where it is largest
// counts, and from there the new level is followed back to its beginning.
func rises(sent, transit []float64) []int {
	n := len(sent)
	before, after, stay := levels(sent, transit)
	var cuts []int
	for k := 1; k < n; k++ {
		seen := func(k int) bool {
			return sent[n-1]-sent[k] >= shiftWindow && stay[k]-before[k] >= minShift
		}
		if !seen(k) {
			continue
		}
		best, from := k, sent[k]
		for k+1 < n && seen(k+1) && sent[k+1]-from <= shiftWindow {
			k++
			if after[k]-before[k] > after[best]-before[best] {
				best = k
			}
		}
		edge := after[best] - (after[best]-before[best])/4
		best = beginning(transit[:best+1], stay[best], edge)
		if abrupt(sent, transit, best) {
			cuts = append(cuts, best)
		}
	}
	return slices.Compact(cuts)
}

// beginning follows a level, with its fastest packet at floor, back from the
// last of these packets. A packet of the old level must not come in: it would
// become the new part's fastest. But one that is somewhat faster than floor, yet
// above edge, is of the new level if a row of others above edge precedes it.
func beginning(transit []float64, floor, edge float64) int {
	k := len(transit) - 1
	for k > 1 {
		d := transit[k-1]
		if d < floor-sameLevel {
			if d < edge || k <= sameRow || slices.Min(transit[k-1-sameRow:k-1]) < edge {
				break
			}
			floor = d
		}
		k--
	}
	return k
}

// abrupt tells a step from a queue that fills: on a slope, the level moves
// within the windows on both sides of k as well as between them. What takes
// more than about 1.5 s is no step.
func abrupt(sent, transit []float64, k int) bool {
	const half = shiftWindow / 2
	from, mid := k-1, k // of the window before k
	for from > 0 && sent[k-1]-sent[from-1] < shiftWindow {
		from--
	}
	for mid > from && sent[k-1]-sent[mid-1] < half {
		mid--
	}
	next, to := k, k // of the window from k on
	for to < len(sent) && sent[to]-sent[k] < shiftWindow {
		if sent[to]-sent[k] < half {
			next = to + 1
		}
		to++
	}
	least := func(from, to int) float64 { return slices.Min(transit[from:to]) }
	most := (least(k, to) - least(from, k)) / 3
	return (from == mid || least(mid, k)-least(from, mid) < most) &&
		(next == to || least(next, to)-least(k, next) < most)
}

// levels gives for every packet the smallest transit in the shiftWindow before
// it, and in the shiftWindow and the shiftStay from it on.
func levels(sent, transit []float64) (before, after, stay []float64) {
	n := len(sent)
	back, reverse := make([]float64, n), make([]float64, n)
	for i := range n {
		back[n-1-i], reverse[n-1-i] = -sent[i], transit[i]
	}
	behind := minAhead(back, reverse, shiftWindow)
	before = make([]float64, n)
	for k := 1; k < n; k++ {
		before[k] = behind[n-k] // from the packet before it, so that a gap does no harm
	}
	return before, minAhead(sent, transit, shiftWindow), minAhead(sent, transit, shiftStay)
}

// minAhead gives for every k the smallest value from k on, as long as its time
// is less than span after k's.
func minAhead(at, value []float64, span float64) []float64 {
	least := make([]float64, len(at))
	var rising []int // candidates, values rising, the latest first in time at the front
	for k := len(at) - 1; k >= 0; k-- {
		for len(rising) > 0 && value[rising[len(rising)-1]] >= value[k] {
			rising = rising[:len(rising)-1]
		}
		rising = append(rising, k)
		for at[rising[0]]-at[k] >= span {
			rising = rising[1:]
		}
		least[k] = value[rising[0]]
	}
	return least
}

// lasting keeps those steps that part two levels which stay.
func lasting(packets []packet, candidates []int) []int {
	cuts := proven(packets, candidates)
	for {
		gone := passing(packets, cuts)
		if gone < 0 {
			return cuts
		}
		cuts = proven(packets, slices.Delete(cuts, gone, gone+1))
	}
}

// lingers is how long a path that comes back must have been longer to count as
// another path. What comes back sooner was a queue that filled and drained.
const lingers = float64(20 * time.Second)

// passing finds a part that is above both of its neighbours, and shorter than
// lingers, and gives the one of its two cuts that leads away from the level
// that stays; -1 if there is none.
func passing(packets []packet, cuts []int) int {
	for i := range len(cuts) - 1 {
		before, after := 0, len(packets)
		if i > 0 {
			before = cuts[i-1]
		}
		if i+2 < len(cuts) {
			after = cuts[i+2]
		}
		up, down := cuts[i], cuts[i+1]
		old, own, next := fastest(packets[before:up]), fastest(packets[up:down]), fastest(packets[down:after])
		if own < max(old, next) || packets[down].sent-packets[up].sent >= lingers {
			continue
		}
		if next-old >= minShift {
			return i + 1 // part of the rise stays
		}
		return i
	}
	return -1
}

// proven keeps those steps that part two levels: minShift apart, and beyond
// what chance would do with such scattered packets. The weakest step goes
// first, since the parts around it then grow together.
func proven(packets []packet, candidates []int) []int {
	cuts := slices.Clone(candidates)
	bounds := func(i int) (from, to int) {
		from, to = 0, len(packets)
		if i > 0 {
			from = cuts[i-1]
		}
		if i+1 < len(cuts) {
			to = cuts[i+1]
		}
		return from, to
	}
	proof := make([]float64, len(cuts))
	weigh := func(i int) {
		if i >= 0 && i < len(cuts) {
			from, to := bounds(i)
			proof[i] = evidence(packets[from:cuts[i]], packets[cuts[i]:to])
		}
	}
	for i := range cuts {
		weigh(i)
	}
	for len(cuts) > 0 {
		weakest := 0
		for i := range proof {
			if proof[i] < proof[weakest] {
				weakest = i
			}
		}
		if proof[weakest] >= minEvidence {
			break
		}
		cuts = slices.Delete(cuts, weakest, weakest+1)
		proof = slices.Delete(proof, weakest, weakest+1)
		weigh(weakest - 1)
		weigh(weakest)
	}
	return cuts
}

// evidence weighs the difference of two neighbouring parts: minus the logarithm
// of the odds that the fastest packets of both were all on one side by chance
// (a precedence test). 0 where the levels are less than minShift apart.
func evidence(a, b []packet) float64 {
	low, high := a, b
	if fastest(a) > fastest(b) {
		low, high = b, a
	}
	level := fastest(high)
	if level-fastest(low) < minShift {
		return 0
	}
	below := 0
	for _, k := range low {
		if k.transit < level {
			below++
		}
	}
	return float64(below) * math.Log1p(float64(len(high))/float64(len(low)))
}
