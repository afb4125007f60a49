package stream

import (
	"cmp"
	"slices"
	"time"
)

// Pauses are spans in which a machine did not do what was due, in order. It was too busy, or
// asleep. What it reads just after one may have come at any time since the pause began,
// where its system does not stamp what arrives.
type Pauses []pause

type pause struct{ from, to time.Duration }

// NewPauses are the pauses that a stream's departures show: packet i was due at start + i x
// every, and left later by lateness[i]. One that left more than every late shows a pause,
// from when it was due or, if that is later, from when the one before it left: then the
// machine ran. Shorter ones than every count as none. A reader may get the processor a
// little later than the sender, so a pause counts as over when it has lasted another such
// time.
func NewPauses(start, every time.Duration, lateness []time.Duration) Pauses {
	var all Pauses
	ran := start
	for i, late := range lateness {
		due := Due(start, i, every)
		if from := max(due, ran); late > every && due+late-from > every {
			all = append(all, pause{from, due + late + every})
		}
		ran = max(ran, due+late)
	}
	return all
}

// Before is how much earlier than at something may have arrived that was read at that
// moment: the time since the pause began; 0 outside of pauses. Just after a pause it may
// have come in that one, even if the next has begun.
func (p Pauses) Before(at time.Duration) time.Duration {
	end, _ := slices.BinarySearchFunc(p, at, func(one pause, at time.Duration) int { return cmp.Compare(one.from, at) })
	for _, one := range p[max(0, end-2):end] {
		if at <= one.to {
			return at - one.from
		}
	}
	return 0
}

// Allow gives the arrivals that were read in pauses, or just after them, the leeway to have
// come earlier, and counts them.
func (p Pauses) Allow(arrivals []Arrival) (read int) {
	for i, a := range arrivals {
		if early := p.Before(a.Received); early > 0 {
			arrivals[i].Leeway += early
			read++
		}
	}
	return read
}
