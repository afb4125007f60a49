// Package stamp tells when packets arrive and leave: a monotonic clock, UDP
// sockets that stamp every datagram on that clock (by the kernel where it can),
// and sleeping until a moment of it. What differs from platform to platform is
// one short file each.
package stamp

import (
	"context"
	"time"
)

// A Sleeper waits until Now reaches a moment; tests in virtual time use SleepPlain.
type Sleeper func(until time.Duration)

// Pause waits for d, or until ctx ends.
func Pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// SleepPlain waits with package time alone. It is up to a millisecond late,
// and works in a testing/synctest bubble.
func SleepPlain(until time.Duration) { time.Sleep(until - Now()) }

// WallOffset is the difference of the wall clock and Now, whose zero is arbitrary: it
// changes when the wall clock is set. The two are read as closely together as possible,
// since an interruption in between would look like such a change.
func WallOffset() time.Duration {
	offset, gap := time.Duration(0), time.Duration(1<<63-1)
	for range 4 {
		before := Now()
		wall := time.Now().UnixNano()
		if after := Now(); after-before < gap {
			gap, offset = after-before, time.Duration(wall)-(before+(after-before)/2)
		}
	}
	return offset
}
