//go:build capacity && linux

package capacity

import (
	"slices"
	"time"
)

// A tally is what is counted of one direction of one call.
type tally struct {
	first, last int64 // sequence numbers that came
	came        int64
	began       bool
	transit     time.Duration // of the packet before
	jitter      float64       // RFC 3550 6.4.1, ns
	sum         float64
	terms       int
}

// add counts a packet; settled says that its jitter counts, too.
func (t *tally) add(seq int64, sent, received time.Duration, settled bool) {
	transit := received - sent
	if !t.began {
		t.first, t.last, t.began = seq, seq, true
	} else {
		t.first, t.last = min(t.first, seq), max(t.last, seq)
		if settled {
			t.jitter += (float64((transit - t.transit).Abs()) - t.jitter) / 16
			t.sum += t.jitter
			t.terms++
		}
	}
	t.transit = transit
	t.came++
}

// mean is the mean jitter, in ms.
func (t *tally) mean() float64 {
	if t.terms == 0 {
		return 0
	}
	return t.sum / float64(t.terms) / 1e6
}

// A figure is what one level of a subject showed.
type figure struct {
	calls     int
	loss      float64 // share of all packets, both ways
	jitter    float64 // ms: that the server adds, p99 of the calls
	late      float64 // ms: p99 of the server's own pace; 0 for what only answers
	cpu       float64 // share of a core
	memory    float64 // bytes a call
	generator float64 // ms: p99 of the generator's own lateness
}

// Bounds of what counts as carried.
const (
	mostLoss   = 0.0001
	mostJitter = 0.5
	// mostOwnLate is when the generator, and not the program under test, is at its limit:
	// it is late by a packet time, ms. Below that only the spacing is less even.
	mostOwnLate = 20
)

func (f figure) carried() bool {
	return f.loss < mostLoss && f.jitter < mostJitter && f.generator < mostOwnLate
}

// p99 is the 99th percentile by nearest rank, 0 without values.
func p99(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[(len(values)*99+99)/100-1]
}
