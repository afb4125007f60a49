//go:build !windows

package stamp

import "time"

var base = time.Now()

// Now is the time on this process's monotonic clock. Its zero is arbitrary.
// In a testing/synctest bubble it is the bubble's time.
func Now() time.Duration { return time.Since(base) }
