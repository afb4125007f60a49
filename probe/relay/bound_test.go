package relay

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/probe/stream"
)

// A path is a simulated way: what each packet takes, and which are lost.
type path struct {
	base, jitter, spike time.Duration // spike now and then, on top
	spikes              float64       // share
	loss                float64
	fifo                bool // packets do not overtake
}

func randomPath(r *rand.Rand) path {
	ms := func(most float64) time.Duration { return time.Duration(r.Float64() * most * float64(time.Millisecond)) }
	p := path{base: ms(100), fifo: r.IntN(2) == 0}
	switch r.IntN(4) {
	case 0: // calm
		p.jitter = ms(2)
	case 1:
		p.jitter = ms(40)
	case 2:
		p.jitter, p.spike, p.spikes = ms(10), ms(300), r.Float64()*0.1
	case 3:
		p.jitter, p.spike, p.spikes = ms(100), ms(100), r.Float64()*0.3
	}
	if r.IntN(2) == 0 {
		p.loss = r.Float64() * 0.08
	}
	return p
}

// A fate is what happens to each packet on one way.
type fate struct {
	took []time.Duration
	lost []bool
	fifo bool
}

func (p path) fate(r *rand.Rand, n int) fate {
	f := fate{make([]time.Duration, n), make([]bool, n), p.fifo}
	for i := range n {
		f.took[i] = p.base + time.Duration(r.ExpFloat64()*float64(p.jitter)/2)
		if r.Float64() < p.spikes {
			f.took[i] += time.Duration(r.Float64() * float64(p.spike))
		}
		f.lost[i] = r.Float64() < p.loss
	}
	return f
}

// pass sends packets over a way.
func (f fate) pass(in []stream.Arrival) []stream.Arrival {
	var out []stream.Arrival
	last := time.Duration(0)
	for _, a := range in {
		if f.lost[a.Seq] {
			continue
		}
		a.Received += f.took[a.Seq]
		if f.fifo {
			a.Received = max(a.Received, last)
			last = a.Received
		}
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b stream.Arrival) int { return int(a.Received - b.Received) })
	return out
}

func sent(n int) []stream.Arrival {
	var all []stream.Arrival
	for i := range n {
		at := time.Duration(i) * stream.PacketTime
		all = append(all, stream.Arrival{Seq: int64(i), Sent: at, Received: at, DSCP: stream.NoDSCP})
	}
	return all
}

// In 200 paths with new random numbers, the true figure of each way is within the bound
// that the loop gives for both: its discards and reordered packets among those that came
// back, and three sigma of a count for those that the other way lost or put back in order;
// its jitter, to a fifth: the way's varies by chance, too, and with 1 seed in 20 one of the 400 is
// more than a tenth above.
func TestEachWayIsWithinTheLoop(t *testing.T) {
	const n, buffer = 1500, 60 * time.Millisecond
	seed := seed.Of(t)
	count := func(way, loop int, share float64) bool {
		return float64(way)*share <= float64(loop)+2+3*math.Sqrt(float64(way))
	}
	for i := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, i))
		one, other := randomPath(r), randomPath(r)
		up, down := one.fate(r, n), other.fate(r, n)
		m := func(a []stream.Arrival) stream.Metrics {
			return stream.Measure(stream.Trace{Sent: n, Arrivals: a, PacketTime: stream.PacketTime}, buffer)
		}
		loop := m(down.pass(up.pass(sent(n))))
		for name, way := range map[string]stream.Metrics{"up": m(up.pass(sent(n))), "down": m(down.pass(sent(n)))} {
			came := float64(loop.Received) / float64(way.Received)
			if !count(way.Discarded, loop.Discarded, came) || !count(way.Reordered, loop.Reordered, came) ||
				float64(*way.Jitter) > 1.2*float64(*loop.Jitter) || way.Lost > loop.Lost {
				t.Errorf("seed %d, %d, %s: discarded %d, reordered %d, lost %d, jitter %v; the loop %d, %d, %d, %v; paths %+v, %+v", seed, i, name,
					way.Discarded, way.Reordered, way.Lost, *way.Jitter, loop.Discarded, loop.Reordered, loop.Lost, *loop.Jitter, one, other)
			}
		}
	}
}
