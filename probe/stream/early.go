package stream

import (
	"slices"
	"time"
)

// What makes a packet too early to be the reference of a jitter buffer: it is faster
// than all others in earlyWindow, by earlyGap or more and by earlyTimes the spread of
// the next ten. On a path with much jitter the fastest packets are therefore not too
// early.
const (
	earlyWindow = 2 * shiftWindow // 2 s to each side
	earlyGap    = float64(5 * time.Millisecond)
	earlyTimes  = 4
	earlyEdge   = 10   // packets whose spread is the edge of the path
	earlyCrowd  = 0.15 // a larger share of a window than this is not too early
	earlyShare  = 0.01 // of the stream: what happens more often is how the path is
	earlyFew    = 5    // of a short stream, up to a twentieth of it
)

// early says which of these packets, sorted by send stamp, are outliers: a few that
// overtook all others, or one with a wrong timestamp. No jitter buffer would keep
// them as its reference for the rest of the call. nil if there are none.
func early(packets []packet) []bool {
	n := len(packets)
	confirmed := make([]bool, n)
	for from, to := 0, 0; to < n; {
		next := from
		for to = from; to < n && packets[to].sent-packets[from].sent < earlyWindow; to++ {
			if packets[to].sent-packets[from].sent < earlyWindow/2 {
				next = to + 1
			}
		}
		for to == n && from > 0 && packets[n-1].sent-packets[from-1].sent < earlyWindow {
			from-- // the last window is a whole one too
		}
		confirm(packets[from:to], confirmed[from:to])
		from = next
	}
	found := 0
	for i := range confirmed {
		confirmed[i] = !confirmed[i]
		found += one(confirmed[i])
	}
	if found == 0 || float64(found) >= earlyShare*float64(n) && found > min(earlyFew, n/20) {
		return nil
	}
	return confirmed
}

// apart separates the outliers from a stream that is cut where the sender paused. The
// packet after an outlier takes over its action.
func apart(sorted []packet, cuts []int) (kept, outliers []packet) {
	var odd []bool
	found := false
	parts(len(sorted), cuts, func(from, to int) {
		own := early(sorted[from:to])
		found = found || own != nil
		if own == nil {
			own = make([]bool, to-from)
		}
		odd = append(odd, own...)
	})
	if !found {
		return sorted, nil
	}
	action := Continued
	for i, k := range sorted {
		if odd[i] {
			outliers = append(outliers, k)
			action = max(action, k.action)
			continue
		}
		k.action = max(k.action, action)
		action = Continued
		kept = append(kept, k)
	}
	return kept, outliers
}

// confirm marks the packets of a window that are not outliers: others are about as
// fast.
func confirm(window []packet, confirmed []bool) {
	transits := make([]float64, len(window))
	for i, k := range window {
		transits[i] = k.transit
	}
	slices.Sort(transits)
	floor := transits[0]
	most := min(int(earlyCrowd*float64(len(transits))), len(transits)-earlyEdge)
	for m := most; m > 0; m-- {
		edge := transits[m+earlyEdge-1] - transits[m]
		if transits[m]-transits[m-1] >= max(earlyGap, earlyTimes*edge) {
			floor = transits[m]
			break
		}
	}
	for i, k := range window {
		confirmed[i] = confirmed[i] || k.transit >= floor
	}
}

// one is 1 for true.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
