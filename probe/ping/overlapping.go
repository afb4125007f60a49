package ping

import (
	"context"
	"sync"
	"time"
)

// outcome is how a question ended: with its trip, without an answer in time, or that it could
// not be sent.
type outcome struct {
	sent   time.Duration
	trip   *time.Duration
	failed error
}

// mostOpen is how many questions may be open at once: three seconds of the fastest series.
const mostOpen = 64

// overlapping asks at every interval, although earlier questions have no answer yet, where
// the system's function waits for its answer: a slow or lossy host does not lower the rate.
// It ends when every question has its outcome.
func overlapping(ctx context.Context, s Settings, ask func() outcome) tally {
	var all sync.WaitGroup
	var mu sync.Mutex // guards t
	var t tally
	room := make(chan struct{}, mostOpen)
	tick := time.NewTicker(s.Interval)
	defer tick.Stop()
	for asked := 0; s.Count == 0 || asked < s.Count; {
		select {
		case room <- struct{}{}:
			asked++
			all.Go(func() {
				o := ask()
				mu.Lock()
				t.note(o)
				mu.Unlock()
				<-room
			})
		default: // this one is left out
		}
		if asked == s.Count && s.Count > 0 {
			break
		}
		select {
		case <-ctx.Done():
			all.Wait()
			return t
		case <-tick.C:
		}
	}
	all.Wait()
	return t
}

func (t *tally) note(o outcome) {
	switch {
	case o.failed != nil:
		t.failed(o.failed)
	case o.trip != nil:
		t.answered(o.sent, *o.trip)
	default:
		t.unanswered(o.sent)
	}
}
