package dial

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Term is a context with a deadline that moves: who hears from the far end, slowly,
// grants it more time. So silence ends soon, and a slow path has the time that it takes.
type Term struct {
	context.Context

	done  chan struct{} // its own, since contexts made from it are to end by its Err
	most  time.Time     // no grant goes beyond it
	timer *time.Timer

	mu    sync.Mutex // guards the rest
	until time.Time
}

// NewTerm makes one that ends after a time, and with all grants after most. The caller calls
// the returned function when it is done. cause is that of the end, nil:
// context.DeadlineExceeded.
func NewTerm(parent context.Context, first, most time.Duration, cause error) (*Term, context.CancelFunc) {
	if cause == nil {
		cause = context.DeadlineExceeded
	}
	ctx, cancel := context.WithCancelCause(parent)
	now := time.Now()
	t := &Term{Context: ctx, done: make(chan struct{}), most: now.Add(max(first, most)), until: now.Add(first)}
	context.AfterFunc(ctx, func() { close(t.done) })
	t.timer = time.AfterFunc(first, func() { cancel(termOver{cause}) })
	return t, func() {
		t.timer.Stop()
		cancel(nil)
	}
}

// termOver is the cause of a context whose term is over.
type termOver struct{ error }

func (o termOver) Unwrap() error { return o.error }

// Grant lets the term last for that long from now at least.
func (t *Term) Grant(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	until := time.Now().Add(d)
	if until.After(t.most) {
		until = t.most
	}
	if t.Err() == nil && until.After(t.until) && t.timer.Stop() {
		t.until = until
		t.timer.Reset(time.Until(until))
	}
}

// Done is closed at its end.
func (t *Term) Done() <-chan struct{} { return t.done }

// Err is context.DeadlineExceeded where the term is over.
func (t *Term) Err() error {
	err := t.Context.Err()
	if _, over := errors.AsType[termOver](context.Cause(t.Context)); err != nil && over {
		return context.DeadlineExceeded
	}
	return err
}
