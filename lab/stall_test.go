//go:build (lab || system) && linux

package lab

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	sensePeriod = 2 * time.Millisecond
	senseLate   = 5 * time.Millisecond // a shorter wait harms no call
	// spoiltShare is the share of a run in which a stalled processor can spoil it: then one
	// packet in a hundred is late.
	spoiltShare = 0.005
	// stallsKept bounds what is remembered: hours of a machine that stalls twice a second.
	stallsKept = 1 << 16
)

// A stall is a time in which a processor did not run what had to run.
type stall struct{ from, to time.Time }

// sensor notes when this machine stalls: on each processor a thread with the priority of
// the laboratory's programs sleeps for a moment again and again, and checks how late it
// wakes. The mean load of the processors does not show that: the kernel stops threads with
// real-time priority for 50 ms of a second, and a virtual machine can lose its processor.
type sensor struct {
	once sync.Once
	mu   sync.Mutex
	seen [][]stall // of each processor
}

var stalls sensor

// start begins to watch, at the first call.
func (s *sensor) start() {
	s.once.Do(func() {
		s.seen = make([][]stall, runtime.NumCPU())
		for cpu := range s.seen {
			go s.watch(cpu)
		}
	})
}

// watch one processor until the program ends.
func (s *sensor) watch(cpu int) {
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu)
	_ = unix.SchedSetaffinity(0, &set) // a processor that may not be used is watched somewhere else
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: playersTime}, 0)
	pause := unix.NsecToTimespec(int64(sensePeriod))
	for last := time.Now(); ; {
		_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &pause, nil)
		now := time.Now()
		if due := last.Add(sensePeriod); now.Sub(due) > senseLate {
			s.note(cpu, stall{due, now})
		}
		last = now
	}
}

func (s *sensor) note(cpu int, one stall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen[cpu]) < stallsKept {
		s.seen[cpu] = append(s.seen[cpu], one)
	}
}

// share of the time since start in which the worst processor stalled.
func (s *sensor) share(since time.Time) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	worst := time.Duration(0)
	for _, all := range s.seen {
		sum := time.Duration(0)
		for _, one := range all {
			if one.to.After(since) {
				sum += one.to.Sub(later(one.from, since))
			}
		}
		worst = max(worst, sum)
	}
	return float64(worst) / float64(max(time.Since(since), 1))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// The sensor counts a stall on the worst processor, and only what lies in the run.
func TestSensorCountsStalls(t *testing.T) {
	start := time.Now().Add(-10 * time.Second)
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	s := sensor{seen: [][]stall{{{at(-1), at(0.5)}, {at(2), at(2.5)}}, {{at(3), at(3.1)}}}}
	if got := s.share(start); got < 0.099 || got > 0.1 {
		t.Errorf("%v of the run, not 0.1", got)
	}
	if got := s.share(at(5)); got != 0 {
		t.Errorf("%v after the last stall", got)
	}
}
