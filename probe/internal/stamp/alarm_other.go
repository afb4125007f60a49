//go:build !linux

package stamp

import (
	"sync"
	"time"
)

// An Alarm lets one goroutine wait until given moments.
type Alarm struct {
	rung chan struct{}
	once sync.Once
	over chan struct{}
}

// NewAlarm makes an alarm.
func NewAlarm() (*Alarm, error) {
	return &Alarm{rung: make(chan struct{}, 1), over: make(chan struct{})}, nil
}

// Wait waits until Now reaches a moment, or Ring or Close is called.
func (a *Alarm) Wait(until time.Duration) {
	timer := time.NewTimer(until - Now())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.rung:
	case <-a.over:
	}
}

// Ring ends a Wait, or the next one if there is none.
func (a *Alarm) Ring() {
	select {
	case a.rung <- struct{}{}:
	default:
	}
}

// Close ends the alarm, and a Wait.
func (a *Alarm) Close() error {
	a.once.Do(func() { close(a.over) })
	return nil
}
