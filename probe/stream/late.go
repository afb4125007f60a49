package stream

import "slices"

// withoutLate is the trace without the packets that its sender gave up as too late.
// The others are numbered anew, so that the missing ones count neither as lost nor
// as reordered.
func (t Trace) withoutLate() Trace {
	if len(t.Late) == 0 {
		return t
	}
	kept := t.onTime()
	for i := range kept.Arrivals {
		before, _ := slices.BinarySearch(t.Late, kept.Arrivals[i].Seq)
		kept.Arrivals[i].Seq -= int64(before)
	}
	kept.Sent, kept.Late = max(0, t.Sent-len(t.Late)), nil
	return kept
}

// onTime leaves out the arrivals of such packets; the others keep their numbers.
func (t Trace) onTime() Trace {
	if len(t.Late) > 0 {
		t.Arrivals = slices.DeleteFunc(slices.Clone(t.Arrivals), func(a Arrival) bool { return t.isLate(a.Seq) })
	}
	return t
}

func (t Trace) isLate(seq int64) bool {
	_, late := slices.BinarySearch(t.Late, seq)
	return late
}
