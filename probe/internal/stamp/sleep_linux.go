package stamp

import (
	"errors"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// epoch is what CLOCK_MONOTONIC showed when Now was 0. Being interrupted
// between the two readings only makes their difference larger, so the least of
// a few is it.
var epoch = func() time.Duration {
	least := time.Duration(1<<63 - 1)
	for range 10 {
		var ts unix.Timespec
		at := Now()
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) == nil {
			least = min(least, time.Duration(ts.Nano())-at)
		}
	}
	return least
}()

// SleepUntil waits until Now reaches a moment, by an absolute sleep of the kernel: it is a
// quarter as late as time.Sleep, whose timers wait for the network poller. The goroutine
// should have its own thread, see Thread.
func SleepUntil(until time.Duration) {
	if until <= Now() {
		return
	}
	ts := unix.NsecToTimespec(int64(epoch + until))
	for errors.Is(unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil), unix.EINTR) {
	}
}

// Thread gives the calling goroutine its own thread, whose sleeps the kernel does not
// lengthen by its usual 50 microseconds. Call release when done.
func Thread() (release func()) {
	runtime.LockOSThread()
	// Without the smaller slack the sleeps are only a little longer.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return func() {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) // 0: the default
		runtime.UnlockOSThread()
	}
}
