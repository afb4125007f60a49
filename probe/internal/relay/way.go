package main

import (
	"bytes"
	"container/heap"
	"math/rand/v2"
	"sync"
	"time"

	"netready/probe/internal/stamp"
)

// near is how close a departure must be for the precise sleep: it cannot be
// interrupted by a datagram that leaves earlier.
const near = time.Millisecond

// way is one direction of one agent's datagrams.
type way struct {
	harm  harm
	death *clockOfDeath
	out   func([]byte)
	wake  chan struct{}
	quit  chan struct{}

	mu      sync.Mutex // guards the rest
	random  *rand.Rand
	losing  bool // within a run of lost packets
	others  int  // datagrams that are not RTP
	queue   queue
	passage passage
}

func newWay(h harm, seed, stream uint64, death *clockOfDeath, out func([]byte)) *way {
	return &way{
		harm: h, death: death, out: out, random: rand.New(rand.NewPCG(seed, stream)),
		wake: make(chan struct{}, 1), quit: make(chan struct{}),
	}
}

// take decides what becomes of a datagram.
func (w *way) take(b []byte, at time.Duration) {
	isRTP := isRTP(b)
	age := w.death.since(at, isRTP)
	w.mu.Lock()
	defer w.mu.Unlock()
	index := w.others
	if isRTP {
		index = w.passage.In
		w.passage.In++
	} else {
		w.others++
	}
	harmed := isRTP || w.harm.Everything
	isDead := w.harm.DeadAt >= 0 && age >= w.harm.DeadAt
	if isDead || harmed && (w.isLost() || isRTP && w.harm.Drop.has(index)) {
		if isRTP {
			w.passage.Dropped = append(w.passage.Dropped, index)
		}
		return
	}
	copies := 1
	if harmed && w.random.Float64() < w.harm.Duplicate {
		copies = 2
		if isRTP {
			w.passage.Duplicated++
		}
	}
	for range copies {
		heap.Push(&w.queue, departure{due: at + w.delay(harmed), in: at, index: index, isRTP: isRTP, b: bytes.Clone(b)})
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// isRTP tells RTP, plain or in a TURN channel (RFC 8656 12.4), by its version.
func isRTP(b []byte) bool {
	return len(b) >= 12 && b[0]>>6 == 2 || len(b) >= 16 && b[0]>>6 == 1 && b[4]>>6 == 2
}

// isLost draws the luck of a packet: two states, so that losses come in runs
// of the mean length asked for (Gilbert).
func (w *way) isLost() bool {
	p, burst := w.harm.Loss, max(w.harm.Burst, 1)
	if p <= 0 {
		return false
	}
	if burst == 1 {
		return w.random.Float64() < p
	}
	if w.losing {
		w.losing = w.random.Float64() >= 1/burst
	} else {
		w.losing = w.random.Float64() < p/(1-p)/burst
	}
	return w.losing
}

func (w *way) delay(harmed bool) time.Duration {
	d := w.harm.Delay
	if harmed && w.harm.Jitter > 0 {
		d += time.Duration(w.random.Int64N(int64(w.harm.Jitter)))
	}
	if harmed && w.random.Float64() < w.harm.Reorder {
		d += w.harm.ReorderBy
	}
	return d
}

// send lets datagrams go when they are due.
func (w *way) send() {
	defer stamp.Thread()()
	for {
		wait := w.due()
		timer := time.NewTimer(wait)
		select {
		case <-w.quit:
			timer.Stop()
			return
		case <-w.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// due sends all that is due and tells how long nothing will be.
func (w *way) due() time.Duration {
	for {
		w.mu.Lock()
		if len(w.queue) == 0 {
			w.mu.Unlock()
			return time.Hour
		}
		if wait := w.queue[0].due - stamp.Now(); wait > near {
			w.mu.Unlock()
			return wait - near
		}
		d, _ := heap.Pop(&w.queue).(departure)
		w.mu.Unlock()
		stamp.SleepUntil(d.due)
		hop := hop{Index: d.index, In: d.in, Out: stamp.Now()}
		w.out(d.b)
		w.mu.Lock()
		if d.isRTP {
			w.passage.Sent = append(w.passage.Sent, hop)
		} else {
			w.passage.Others = append(w.passage.Others, hop)
		}
		w.mu.Unlock()
	}
}

// departure is a datagram that waits for its time.
type departure struct {
	due, in time.Duration
	index   int
	isRTP   bool
	b       []byte
}

// queue is a heap by time of departure, then by arrival.
type queue []departure

func (q *queue) Len() int { return len(*q) }
func (q *queue) Less(i, j int) bool {
	a, b := (*q)[i], (*q)[j]
	if a.due != b.due {
		return a.due < b.due
	}
	return a.in < b.in
}
func (q *queue) Swap(i, j int) { (*q)[i], (*q)[j] = (*q)[j], (*q)[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	d, _ := x.(departure)
	*q = append(*q, d)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
