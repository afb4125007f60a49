package merge

import (
	"bytes"

	"golang.org/x/sync/semaphore"
)

// maxInMemory bounds the bytes of files from archives that wait in memory for their
// readers. A larger file waits alone.
const maxInMemory = 64 << 20

// A memoryFile waits in memory, and its size is counted. Closing it makes room for
// others.
type memoryFile struct {
	*bytes.Reader
	memory *semaphore.Weighted
	size   int64
}

func (f *memoryFile) Close() error {
	f.memory.Release(f.size)
	f.size = 0
	f.Reset(nil)
	return nil
}
