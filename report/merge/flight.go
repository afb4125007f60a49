package merge

import (
	"bytes"

	"golang.org/x/sync/semaphore"
)

// maxFlight bounds the bytes of files out of archives that wait in memory for
// their readers. What is larger comes alone.
const maxFlight = 64 << 20

// A flying file waits in memory, and was counted. Closing it makes room for
// others.
type flying struct {
	*bytes.Reader
	flight *semaphore.Weighted
	size   int64
}

func (f *flying) Close() error {
	f.flight.Release(f.size)
	f.size = 0
	f.Reset(nil)
	return nil
}
