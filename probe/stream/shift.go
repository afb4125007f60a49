package stream

import (
	"math"
	"slices"
	"time"
)

// What makes a lasting shift of the path, in nanoseconds: the smallest transit of
// shiftWindow moves by minShift or more and stays for another shiftWindow, or to the
// end of the call. A shorter spike is not a shift, nor is a queue that fills by less
// than minShift in shiftWindow (10 ms a second).
const (
	shiftWindow = float64(2 * time.Second)
	shiftStay   = 2 * shiftWindow
	minShift    = float64(20 * time.Millisecond)
	sameLevel   = float64(time.Millisecond) // what skew of 500 ppm does in shiftWindow
	sameRow     = 12                        // so many packets in a row are not slow by chance
)

// minEvidence is how certain a shift must be: the odds that the same packets in
// random order would show it are e^-20, small enough for the thousands of places in
// a call where it could appear.
const minEvidence = 20

// steps lists the first packet after each move of the delay by minShift within
// shiftWindow where the higher level lasts.
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

// rises lists the first packet of every upward move. Every packet in the shiftWindow
// after a move shows it. The one where it is largest counts, and from there the new
// level is followed back to its beginning.
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

// beginning follows a level, with its fastest packet at floor, back from the last of
// these packets. No packet of the old level may be included: it would become the
// fastest of the new part. A packet a little faster than floor, but above edge, is of
// the new level if sameRow others above edge come before it.
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

// abrupt says whether a move is a step and not a queue that fills. On a slope, the
// level moves within the windows on both sides of k as well as between them. A move
// that takes more than about 1.5 s is not a step.
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

// levels is for every packet the smallest transit in the shiftWindow before it, and
// in the shiftWindow and the shiftStay from it on.
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

// minAhead is for every k the smallest value from k on, less than span after k.
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

// lasting keeps the steps between two levels that both stay.
func lasting(packets []packet, candidates []int) []int {
	cuts := proven(packets, candidates)
	for {
		temporary := passing(packets, cuts)
		if temporary < 0 {
			return cuts
		}
		cuts = proven(packets, slices.Delete(cuts, temporary, temporary+1))
	}
}

// lingers is how long a higher delay must last to count as another path. A shorter
// one was a queue that filled and emptied.
const lingers = float64(20 * time.Second)

// passing finds a part that is above both of its neighbours and shorter than lingers,
// and returns which of its two cuts is to be removed; -1 if there is no such part.
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

// proven keeps the steps between two levels that are minShift apart with more than
// minEvidence. It removes the weakest step first, since that joins the parts around
// it.
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

// evidence of a difference between two neighbouring parts is minus the logarithm of
// the odds that by chance the fastest packets of both are all in one of them (a
// precedence test). 0 where the levels are less than minShift apart.
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
