package responder

import "time"

const (
	// wheelStep and wheelSteps: a turn of the wheel is longer than the longest
	// packet time, so that nothing is due more than a turn ahead.
	wheelStep  = 250 * time.Microsecond
	wheelSteps = 512
)

// A wheel keeps the flows in the order in which they are due, each in the step of time in
// which its next packet is due. That costs the same for few and for many.
type wheel struct {
	steps  [wheelSteps][]*flow
	cursor int64 // the first step that may hold one
	all    int
}

// put takes a flow in, by when it is due. One that is overdue is in the first step.
func (w *wheel) put(f *flow) {
	if w.all == 0 {
		w.cursor = int64(f.due / wheelStep)
	}
	step := &w.steps[max(int64(f.due/wheelStep), w.cursor)%wheelSteps]
	*step = append(*step, f)
	w.all++
}

// take moves what is due into a list.
func (w *wheel) take(now time.Duration, due []*flow) []*flow {
	last := int64(now / wheelStep)
	for turn := 0; w.all > 0 && turn < wheelSteps; turn++ {
		step := &w.steps[w.cursor%wheelSteps]
		rest := (*step)[:0]
		for _, f := range *step {
			if f.due <= now {
				due = append(due, f)
			} else {
				rest = append(rest, f)
			}
		}
		w.all -= len(*step) - len(rest)
		clear((*step)[len(rest):])
		*step = rest
		if w.cursor >= last {
			break
		}
		w.cursor++
	}
	return due
}

// next is when the first flow is due; ok is false if there is none.
func (w *wheel) next() (at time.Duration, ok bool) {
	if w.all == 0 {
		return 0, false
	}
	for turn := range int64(wheelSteps) {
		step := w.steps[(w.cursor+turn)%wheelSteps]
		if len(step) == 0 {
			continue
		}
		at = step[0].due
		for _, f := range step {
			at = min(at, f.due)
		}
		return at, true
	}
	return 0, false
}
