package thresholds

import (
	"math/rand/v2"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/probe/facts"
	"netready/probe/stream"
)

// heard is a direction of a call of which some packets are lost, as far as isEven needs it.
func heard(sent int, isLost func(i int) bool) *facts.Direction {
	const packetTime = 20 * time.Millisecond
	trace := stream.Trace{Sent: sent, PacketTime: packetTime}
	for i := range sent {
		if !isLost(i) {
			at := time.Duration(i) * packetTime
			trace.Arrivals = append(trace.Arrivals, stream.Arrival{Seq: int64(i), Sent: at, Received: at + 10*time.Millisecond, DSCP: stream.NoDSCP})
		}
	}
	m := stream.Measure(trace, 60*time.Millisecond)
	d := &facts.Direction{LossPercent: facts.Percent(m.Loss)}
	if m.Dispersion != nil {
		d.Burst.Dispersion = &facts.Dispersion{Windows: m.Dispersion.Windows, Ratio: m.Dispersion.Ratio}
	}
	return d
}

// Losses by chance are seldom taken for even ones, however many and however long the call.
func TestDispersionByChance(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 1))
	const calls = 4000
	proved, suspected := 0, 0
	for range calls {
		share, sent := 0.02+0.6*r.Float64(), 250+r.IntN(1500)
		d := heard(sent, func(int) bool { return r.Float64() < share })
		if isEven(d, sure) {
			proved++
		}
		if isEven(d, likely) {
			suspected++
		}
	}
	t.Logf("of %d calls with losses by chance %d proved, %d suspected", calls, proved, suspected)
	if proved > calls/400 || suspected > calls/50 {
		t.Errorf("of %d calls with losses by chance %d proved, %d suspected", calls, proved, suspected)
	}
}

// A limit of rate is seen, also where other packets take some of its tokens at random
// moments.
func TestDispersionOfALimitOfRate(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 2))
	const calls = 300
	found := 0
	for range calls {
		rate, tokens, others := 25+15*r.Float64(), 5.0, 4*r.Float64() // a second; others pass too
		d := heard(600, func(int) bool {
			tokens = min(5, tokens+rate/50)
			if r.Float64() < others/50 && tokens >= 1 {
				tokens--
			}
			if tokens >= 1 {
				tokens--
				return false
			}
			return true
		})
		if isEven(d, sure) {
			found++
		}
	}
	if found < calls*9/10 {
		t.Errorf("found in %d of %d", found, calls)
	}
}

// What is not known proves nothing.
func TestDispersionThatIsNotKnown(t *testing.T) {
	for name, d := range map[string]*facts.Direction{
		"no direction":     nil,
		"nothing lost":     heard(600, func(int) bool { return false }),
		"everything lost":  heard(600, func(int) bool { return true }),
		"lost at the end":  heard(600, func(i int) bool { return i > 500 && i%3 == 0 }),
		"an older result":  {LossPercent: new(10.0)},
		"no loss is known": {Burst: facts.Burst{Dispersion: &facts.Dispersion{Windows: 50}}},
		"no windows":       {LossPercent: new(10.0), Burst: facts.Burst{Dispersion: &facts.Dispersion{}}},
	} {
		if isEven(d, likely) {
			t.Errorf("%s is even", name)
		}
	}
}
