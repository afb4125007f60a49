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
// every, and left later by lateness[i]. One that left less than every late shows none. A
// reader may get the processor a little later than the sender, so a pause counts as over
// when it has lasted another such time.
func NewPauses(start, every time.Duration, lateness []time.Duration) Pauses {
	var all Pauses
	for i, late := range lateness {
		if late <= every {
			continue
		}
		from := Due(start, i, every)
		to := from + late + every
		if n := len(all); n > 0 && from <= all[n-1].to {
			all[n-1].to = max(all[n-1].to, to)
			continue
		}
		all = append(all, pause{from, to})
	}
	return all
}

// Before is how much earlier than at something may have arrived that was read at that
// moment: the time since the pause began; 0 outside of pauses.
func (p Pauses) Before(at time.Duration) time.Duration {
	i, found := slices.BinarySearchFunc(p, at, func(one pause, at time.Duration) int { return cmp.Compare(one.from, at) })
	if !found {
		i--
	}
	if i < 0 || at > p[i].to {
		return 0
	}
	return at - p[i].from
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
