//go:build !linux

package stamp

import "time"

// SleepUntil waits until Now reaches a moment. On Windows package time sleeps
// by high-resolution timers, on macOS by kqueue: both within a millisecond or so.
func SleepUntil(until time.Duration) { time.Sleep(until - Now()) }

// Thread does nothing here; on Linux it makes sleeps precise.
func Thread() (release func()) { return func() {} }
