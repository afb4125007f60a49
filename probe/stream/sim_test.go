package stream

import (
	"math/rand/v2"
	"slices"
	"time"
)

const ms = time.Millisecond

// sim is a stream over a made-up path. Its zero value is 1,500 packets, 20 ms
// apart, without delay.
type sim struct {
	seed   uint64
	n      int           // packets, 0: 1,500
	ptime  time.Duration // 0: 20 ms
	offset time.Duration // of the receiver's clock
	ppm    float64       // by how much it runs fast
	late   bool          // the sender is up to 5 ms late
	delay  func(s time.Duration, r *rand.Rand) time.Duration
	lost   func(i int, r *rand.Rand) bool
	twice  func(i int, r *rand.Rand) bool
}

// run gives the trace, and each packet's true delay, -1 where it was lost.
func (m sim) run() (t Trace, delays []time.Duration) {
	r := rand.New(rand.NewPCG(m.seed, 2))
	if m.n == 0 {
		m.n = 1500
	}
	if m.ptime == 0 {
		m.ptime = 20 * ms
	}
	t = Trace{Sent: m.n, PacketTime: m.ptime}
	for i := range m.n {
		sent := Due(0, i, m.ptime)
		if m.late {
			sent += time.Duration(r.Int64N(int64(5 * ms)))
		}
		delay := time.Duration(0)
		if m.delay != nil {
			delay = m.delay(sent, r)
		}
		if m.lost != nil && m.lost(i, r) {
			delays = append(delays, -1)
			continue
		}
		delays = append(delays, delay)
		arrive := func(after time.Duration) {
			on := sent + after
			on += time.Duration(float64(on) * m.ppm * 1e-6)
			t.Arrivals = append(t.Arrivals, Arrival{Seq: int64(i), Sent: sent, Received: on + m.offset, DSCP: 46})
		}
		arrive(delay)
		if m.twice != nil && m.twice(i, r) {
			arrive(delay + 7*ms)
		}
	}
	slices.SortStableFunc(t.Arrivals, func(a, b Arrival) int { return int(a.Received - b.Received) })
	return t, delays
}

// Paths.

func constant(d time.Duration) func(time.Duration, *rand.Rand) time.Duration {
	return func(time.Duration, *rand.Rand) time.Duration { return d }
}

// uniform scatters the delay between 0 and most.
func uniform(most time.Duration) func(time.Duration, *rand.Rand) time.Duration {
	return func(_ time.Duration, r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(most))) }
}

// stepped adds by from at on, and scatters.
func stepped(scatter time.Duration, steps ...step) func(time.Duration, *rand.Rand) time.Duration {
	return func(s time.Duration, r *rand.Rand) time.Duration {
		d := time.Duration(r.Int64N(int64(scatter) + 1))
		for _, x := range steps {
			if s >= x.at {
				d += x.by
			}
		}
		return d
	}
}

type step struct{ at, by time.Duration }

// ramp fills a queue to most between from and to, and leaves it full.
func ramp(scatter, from, to, most time.Duration) func(time.Duration, *rand.Rand) time.Duration {
	return func(s time.Duration, r *rand.Rand) time.Duration {
		share := float64(min(max(s, from), to)-from) / float64(to-from)
		return time.Duration(share*float64(most)) + time.Duration(r.Int64N(int64(scatter)+1))
	}
}

// lateTruth counts, from the true delays, what a jitter buffer cannot use. The
// packets at starts begin a new part.
func lateTruth(delays []time.Duration, ptime, buffer time.Duration, starts ...int) int {
	n := 0
	old := time.Duration(-1)
	bounds := append(append([]int{0}, starts...), len(delays))
	for p := range len(bounds) - 1 {
		own := time.Duration(1 << 62)
		for _, d := range delays[bounds[p]:bounds[p+1]] {
			if d >= 0 {
				own = min(own, d)
			}
		}
		for i := bounds[p]; i < bounds[p+1]; i++ {
			anchor := own
			if old >= 0 && own > old && time.Duration(i-bounds[p])*ptime < 2*time.Second {
				anchor = old
			}
			if delays[i] >= 0 && delays[i]-anchor > buffer {
				n++
			}
		}
		old = own
	}
	return n
}

// quantile is, by nearest rank, how much longer than the fastest packet the
// packets that arrived took.
func quantile(delays []time.Duration, q float64) time.Duration {
	var arrived []time.Duration
	for _, d := range delays {
		if d >= 0 {
			arrived = append(arrived, d)
		}
	}
	slices.Sort(arrived)
	k := 0
	for float64(k+1) < q*float64(len(arrived)) {
		k++
	}
	return arrived[k] - arrived[0]
}
