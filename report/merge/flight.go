package merge

import (
	"bytes"
	"context"
	"sync"
)

// maxFlight bounds the bytes of files out of archives that wait in memory for
// their readers.
const maxFlight = 64 << 20

// A flight counts them. Its zero value is empty.
type flight struct {
	mu    sync.Mutex // guards the rest
	bytes int
	left  chan struct{} // closed when something leaves
}

// enter waits until there is room. What is larger than all room comes alone.
func (f *flight) enter(ctx context.Context, size int) error {
	for {
		f.mu.Lock()
		if f.bytes == 0 || f.bytes+size <= maxFlight {
			f.bytes += size
			f.mu.Unlock()
			return nil
		}
		if f.left == nil {
			f.left = make(chan struct{})
		}
		left := f.left
		f.mu.Unlock()
		select {
		case <-left:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (f *flight) release(size int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bytes -= size
	if f.left != nil {
		close(f.left)
		f.left = nil
	}
}

// flying is a file that was counted. Closing it makes room.
type flying struct {
	*bytes.Reader
	flight *flight
	size   int
}

// Close makes room for others.
func (f *flying) Close() error {
	f.flight.release(f.size)
	f.size = 0
	f.Reset(nil)
	return nil
}
