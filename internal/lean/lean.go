// Package lean keeps the process small while large things come and go in it.
package lean

import (
	"runtime/debug"
	"sync"
)

// percent is how much garbage may wait beside what is in use, in percent of it. While a line
// is filled, buffers of up to 4 MB (windows of HTTP/2) come and go, and with Go's 100 half of
// what the process takes is garbage. 50 costs more rounds of the collector, of about a
// millisecond of a processor each; a call alone keeps 100.
const percent = 50

// lean counts who wants little garbage: the setting is the whole process's.
var lean struct {
	mu     sync.Mutex // guards the rest
	users  int
	before int // percent
}

// Begin keeps the process small until end is called.
func Begin() (end func()) {
	lean.mu.Lock()
	defer lean.mu.Unlock()
	if lean.users++; lean.users == 1 {
		lean.before = debug.SetGCPercent(percent)
	}
	return func() {
		lean.mu.Lock()
		defer lean.mu.Unlock()
		if lean.users--; lean.users == 0 {
			debug.SetGCPercent(lean.before)
		}
	}
}
