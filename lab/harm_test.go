package lab

import (
	"math/rand/v2"
	"time"
)

// A span is a part of the call: since its start.
type span struct{ from, to time.Duration }

// Harm is what one direction of a link does to frames. The zero Harm passes
// them at once.
type Harm struct {
	Delay      time.Duration
	Jitter     time.Duration // on top, evenly from 0 to this; the order is kept
	Loss       float64       // share
	Burst      float64       // mean length of a run of lost frames; 0 or 1: single ones
	Duplicate  float64       // share that arrives twice
	Reorder    float64       // share held back by ReorderBy, so that later frames overtake it
	ReorderBy  time.Duration
	StallEvery time.Duration // the link stands still that often,
	StallFor   time.Duration // for so long, and then delivers what waited
	Rate       int           // bits a second, 0: no bound
	Queue      time.Duration // with Rate: what would wait longer is dropped; 0: policed, nothing waits
	Dead       []span        // nothing passes in these parts of the call
	DeadEver   bool          // nothing passes at all
}

// policedBurst is what a policed link lets through at once.
const policedBurst = 3000 * 8 // bits: two full frames

// way is one direction of a link in time: arithmetic, no clock and no socket.
type way struct {
	harm   Harm
	random *rand.Rand
	losing bool          // within a run of lost frames
	last   time.Duration // when the last frame left that kept its place
	free   time.Duration // when a link with a Rate and a Queue is free again
	tokens float64       // bits that a policed link lets through now
	filled time.Duration // when tokens were counted
}

func newWay(h Harm, seed, stream uint64) *way {
	return &way{harm: h, random: rand.New(rand.NewPCG(seed, stream)), tokens: policedBurst}
}

// due says when the copies of a frame of so many bytes leave that came now:
// none where it is lost. began is when the call started, 0 before it did.
func (w *way) due(now, began time.Duration, size int) []time.Duration {
	if w.isDead(now, began) || w.isLost() {
		return nil
	}
	at, ok := w.queued(now, 8*size)
	if !ok {
		return nil
	}
	at += w.harm.Delay
	if w.harm.Jitter > 0 {
		at += time.Duration(w.random.Int64N(int64(w.harm.Jitter)))
	}
	at = w.stalled(at)
	if w.random.Float64() < w.harm.Reorder {
		return []time.Duration{at + w.harm.ReorderBy}
	}
	at = max(at, w.last)
	w.last = at
	if w.random.Float64() < w.harm.Duplicate {
		return []time.Duration{at, at}
	}
	return []time.Duration{at}
}

func (w *way) isDead(now, began time.Duration) bool {
	if w.harm.DeadEver {
		return true
	}
	for _, s := range w.harm.Dead {
		if began > 0 && now-began >= s.from && now-began < s.to {
			return true
		}
	}
	return false
}

// isLost draws a frame's luck: two states, so that losses come in runs of the
// mean length asked for (Gilbert).
func (w *way) isLost() bool {
	share, run := w.harm.Loss, max(w.harm.Burst, 1)
	if w.losing && run > 1 {
		w.losing = w.random.Float64() >= 1/run
	} else {
		w.losing = share > 0 && w.random.Float64() < share/(1-share*min(run-1, 1))/run
	}
	return w.losing
}

// queued is when a frame has passed a link of this rate, or that it is dropped.
func (w *way) queued(now time.Duration, bits int) (time.Duration, bool) {
	rate := float64(w.harm.Rate)
	switch {
	case w.harm.Rate == 0:
		return now, true
	case w.harm.Queue == 0:
		w.tokens = min(policedBurst, w.tokens+(now-w.filled).Seconds()*rate)
		w.filled = now
		if w.tokens < float64(bits) {
			return 0, false
		}
		w.tokens -= float64(bits)
		return now, true
	case w.free-now > w.harm.Queue:
		return 0, false
	}
	w.free = max(w.free, now) + time.Duration(float64(bits)/rate*float64(time.Second))
	return w.free, true
}

// stalled is when a link that stands still now and then lets go of a frame.
func (w *way) stalled(at time.Duration) time.Duration {
	if w.harm.StallEvery == 0 {
		return at
	}
	if since := at % w.harm.StallEvery; since < w.harm.StallFor {
		return at - since + w.harm.StallFor
	}
	return at
}
