//go:build race

package wire

// isRaced says that the race detector is on, with which a sync.Pool forgets on purpose.
const isRaced = true
