package stamp

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// An Alarm lets one goroutine wait until given moments, as precisely as the kernel can
// and without a separate thread: a timerfd(2) that the network poller reads.
type Alarm struct {
	file *os.File
	fd   int
	tick [8]byte

	mu     sync.Mutex // guards the rest
	isRung bool       // Ring came, and no Wait has returned since
	closed bool
}

// NewAlarm makes an alarm.
func NewAlarm() (*Alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making a timer: %w", err)
	}
	return &Alarm{file: os.NewFile(uintptr(fd), "timer"), fd: fd}, nil
}

// Wait waits until Now reaches a moment, or Ring or Close is called.
func (a *Alarm) Wait(until time.Duration) {
	if until <= Now() || !a.setFor(until) {
		return
	}
	_, _ = a.file.Read(a.tick[:]) // fails when closed
	a.mu.Lock()
	a.isRung = false
	a.mu.Unlock()
}

// setFor sets the timer, unless there is nothing to wait for.
func (a *Alarm) setFor(until time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.isRung || a.closed {
		a.isRung = false
		return false
	}
	return a.set(epoch+until) == nil
}

func (a *Alarm) set(at time.Duration) error {
	t := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(at, 1)))}
	return unix.TimerfdSettime(a.fd, unix.TFD_TIMER_ABSTIME, &t, nil)
}

// Ring ends a Wait, or the next one if there is none.
func (a *Alarm) Ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.isRung = true
		_ = a.set(1) // the past
	}
}

// Close ends the alarm, and a Wait.
func (a *Alarm) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	return a.file.Close()
}
