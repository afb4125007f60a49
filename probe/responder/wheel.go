package responder

import "time"

const (
	// wheelStep is how often packets leave at most: those of one step leave together. Each
	// waking takes more time of the processor than the packets of some calls, and a stamp is
	// as true in a batch.
	wheelStep = time.Millisecond
	// wheelSteps: a turn of the wheel is longer than the longest packet time, so that
	// nothing is due more than a turn ahead.
	wheelSteps = 128
)

// A wheel keeps the flows in the order in which they are due, each in the step of time at
// whose beginning its next packet leaves: when it is due, or up to a step later if the
// packet time is not made of whole steps. That costs the same for few and for many.
type wheel struct {
	steps  [wheelSteps][]*flow
	cursor int64 // the first step that may hold one
	all    int
}

// stepAt is the first step that does not begin before a moment.
func stepAt(at time.Duration) int64 { return int64((at + wheelStep - 1) / wheelStep) }

// put takes a flow in, by when it is due.
func (w *wheel) put(f *flow) {
	at := stepAt(f.due)
	if w.all == 0 || at < w.cursor { // overdue after a standstill
		w.cursor = at
	}
	step := &w.steps[at%wheelSteps]
	*step = append(*step, f)
	w.all++
}

// take moves what is due into a list.
func (w *wheel) take(now time.Duration, due []*flow) []*flow {
	last := int64(now / wheelStep)
	if w.all == 0 || w.cursor > last {
		return due
	}
	for at := w.cursor; at <= min(last, w.cursor+wheelSteps-1); at++ {
		step := &w.steps[at%wheelSteps]
		rest := (*step)[:0]
		for _, f := range *step {
			if stepAt(f.due) <= last {
				due = append(due, f)
			} else { // a turn ahead: the cursor had to go back
				rest = append(rest, f)
			}
		}
		w.all -= len(*step) - len(rest)
		clear((*step)[len(rest):])
		*step = rest
	}
	w.cursor = last
	return due
}

// next is when the first flows leave; ok is false if there is none.
func (w *wheel) next() (at time.Duration, ok bool) {
	if w.all == 0 {
		return 0, false
	}
	for step := w.cursor; step < w.cursor+wheelSteps; step++ {
		if len(w.steps[step%wheelSteps]) > 0 {
			return time.Duration(step) * wheelStep, true
		}
	}
	return 0, false
}
