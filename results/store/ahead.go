package store

import (
	"context"
	"iter"
)

// A read is a row with its result.
type read struct {
	Row
	raw []byte
	err error
}

// readAhead is how many results are read at once, in their order. The largest is 16
// MiB, most are some 30 KB.
const readAhead = 8

// ahead yields the results of a partition in the order of their keys, and reads
// the next ones meanwhile.
func (s *Store) ahead(ctx context.Context, c contents) iter.Seq2[read, error] {
	return func(yield func(read, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		queue := make(chan chan read, readAhead)
		go func() {
			defer close(queue)
			s.fill(ctx, c, queue)
		}()
		for next := range queue {
			one := <-next
			if !yield(one, one.err) || one.err != nil {
				cancel()
				for range queue { // until fill has ended
				}
				return
			}
		}
	}
}

// fill puts the results into the queue, each in a channel that gets it.
func (s *Store) fill(ctx context.Context, c contents, queue chan<- chan read) {
	for row, err := range s.rows(ctx, c, "") {
		one := make(chan read, 1)
		select {
		case queue <- one:
		case <-ctx.Done():
			return
		}
		if err != nil {
			one <- read{err: err}
			return
		}
		go func() {
			raw, err := s.read(ctx, row.Key)
			one <- read{row, raw, err}
		}()
	}
}
