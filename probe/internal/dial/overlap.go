// Package dial looks names up and connects over paths that lose packets: several tries
// overlap, and the first good answer counts. So one lost answer, or an outage of a
// second, does not decide a verdict.
package dial

import (
	"context"
	"time"
)

// Waits are the times between the starts of tries. There is one try more than there are
// waits; an answer to any of them counts until the context ends.
type Waits []time.Duration

const ms = time.Millisecond

// Overlap tries until a try succeeds, fails with a final error, or all have failed. The
// context of the tries ends when it returns. final says that after this error no other
// try can succeed; drop releases a success that came too late, nil: nothing to release.
// The error is the last one, and that of ctx only if no try has failed with another.
func Overlap[T any](ctx context.Context, waits Waits, try func(ctx context.Context, i int) (T, error), final func(error) bool, drop func(T)) (T, error) {
	trying, cancel := context.WithCancel(ctx)
	o := overlap[T]{waits: waits, ended: make(chan tried[T], len(waits)+1), final: final}
	o.begin = func(i int) {
		go func() {
			value, err := try(trying, i)
			o.ended <- tried[T]{value, err}
		}()
	}
	value, err := o.run(ctx)
	cancel()
	go func() { // what still runs has been told to end
		for ; o.open > 0; o.open-- {
			if late := <-o.ended; late.err == nil && drop != nil {
				drop(late.value)
			}
		}
	}()
	return value, err
}

type tried[T any] struct {
	value T
	err   error
}

type overlap[T any] struct {
	waits Waits
	begin func(i int)
	final func(error) bool
	ended chan tried[T]
	begun int
	open  int // tries that have not ended
}

func (o *overlap[T]) run(ctx context.Context) (T, error) {
	var none T
	var last error
	due := time.NewTimer(0)
	defer due.Stop()
	for o.open > 0 || o.begun <= len(o.waits) {
		select {
		case <-ctx.Done():
			if last == nil {
				last = context.Cause(ctx)
			}
			return none, last
		case <-due.C:
			o.begin(o.begun)
			o.open++
			if o.begun++; o.begun <= len(o.waits) {
				due.Reset(o.waits[o.begun-1])
			}
		case t := <-o.ended:
			o.open--
			if t.err == nil {
				return t.value, nil
			}
			if last = t.err; o.final(last) {
				return none, last
			}
		}
	}
	return none, last
}
