//go:build race

package responder

// isRaced says that the race detector is on, with which a sync.Pool forgets on purpose.
const isRaced = true
