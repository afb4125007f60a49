package responder

import (
	"math/bits"
	"sync/atomic"
	"time"

	"netready/probe/internal/stamp"
)

// A Load is how much media this host carries now, and how well it does that.
type Load struct {
	Calls int // whose stream down is being sent
	// Late is how late the packets down of the last seconds were handed to the
	// system, and Gap how long the system took them, from the stamp in the packet
	// on: 99 of 100 were no worse. 0 without any.
	Late, Gap time.Duration
	Sent      uint64 // packets down, ever
	Dropped   uint64 // datagrams that the media sockets dropped for lack of buffer space, ever
}

// Load says how busy the media is. It may be called at any time.
func (s *Server) Load() Load {
	load := Load{Dropped: uint64(s.media.Drops())}
	var late, gap []*recent
	for _, sender := range s.senders {
		load.Calls += int(sender.flows.Load())
		load.Sent += sender.late.all.Load()
		late, gap = append(late, &sender.late), append(gap, &sender.gap)
	}
	now := stamp.Now()
	load.Late, load.Gap = p99(now, late...), p99(now, gap...)
	return load
}

// recent is the distribution of the durations of the last seconds. Any goroutine may note
// one. The zero value is ready.
type recent struct {
	all     atomic.Uint64 // that were ever noted
	seconds [recentSeconds]spread
}

const (
	recentSeconds = 4
	// A spread has four steps for each doubling, from a microsecond on.
	stepsPerDoubling = 4
	spreadSteps      = 32 * stepsPerDoubling
)

// spread counts the durations of one second by their size.
type spread struct {
	second atomic.Int64 // whose counts these are, from 1
	counts [spreadSteps]atomic.Uint32
}

// note adds a duration; a negative one counts as 0.
func (r *recent) note(d, now time.Duration) {
	r.all.Add(1)
	second := int64(now/time.Second) + 1
	s := &r.seconds[second%recentSeconds]
	if last := s.second.Load(); last != second && s.second.CompareAndSwap(last, second) {
		for i := range s.counts {
			s.counts[i].Store(0)
		}
	}
	s.counts[stepOf(d)].Add(1)
}

// p99 is the duration that 99 of 100 durations of the last seconds do not exceed, rounded
// up by a fifth at most.
func p99(now time.Duration, all ...*recent) time.Duration {
	var counts [spreadSteps]uint64
	total := uint64(0)
	oldest := int64(now/time.Second) + 1 - (recentSeconds - 1)
	for _, r := range all {
		for i := range r.seconds {
			s := &r.seconds[i]
			if s.second.Load() < oldest {
				continue
			}
			for step := range s.counts {
				n := uint64(s.counts[step].Load())
				counts[step] += n
				total += n
			}
		}
	}
	seen := uint64(0)
	for step, n := range counts {
		if seen += n; n > 0 && seen*100 >= total*99 {
			return endOf(step)
		}
	}
	return 0
}

// stepOf is the step of a spread that a duration belongs to.
func stepOf(d time.Duration) int {
	micros := uint64(max(d, 0)/time.Microsecond) + 1
	octave := bits.Len64(micros) - 1
	part := micros << (63 - octave) >> (63 - 2) & (stepsPerDoubling - 1) // the two bits below the highest
	return min(octave*stepsPerDoubling+int(part), spreadSteps-1)
}

// endOf is where a step ends.
func endOf(step int) time.Duration {
	octave, part := step/stepsPerDoubling, step%stepsPerDoubling
	return time.Duration(((stepsPerDoubling+part+1)<<octave+stepsPerDoubling-1)/stepsPerDoubling-1) * time.Microsecond
}
