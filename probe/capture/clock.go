package capture

import (
	"math"
	"time"
)

const (
	opusClock  = 48000 // RFC 7587
	videoClock = 90000
)

// clockRates are those that voice and video payload formats use.
var clockRates = []uint32{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, videoClock}

// How near a measured clock rate must be to a usual one to count as that.
const (
	sharpFit = 0.001 // with any packet time: crystals are ten times better
	// A rate with which packets last whole multiples of 2.5 ms is more likely, so it
	// may differ by more: a queue that fills changes it by a percent, few packets by
	// four. Usual rates are nine percent apart.
	wholeFit, roughFit = 0.01, 0.04
	wholeParts         = 400 // of 2.5 ms in a second
	fewForClock        = 8   // packets
	longestRest        = int64(500 * time.Millisecond)
	// The timestamps of neighbours that arrive within longestRest are no further apart than
	// this many usual steps. One that is further ahead is wrong, and would make the slope alone.
	longestStep = 100
	// A measured clock rate that differs by this share from the one of RFC 3551, or the
	// one that the user gave, is another one.
	contradiction = 0.2
	sureClock     = 0.02 // standard error, relative
)

// A rate is how fast a payload type's timestamps grow, by its packets.
type rate struct {
	hz     float64 // 0: the timestamps do not change; NaN: too few packets
	spread float64 // standard error of hz, relative
}

// measureRate compares timestamps with arrivals by least squares, over every
// stretch without a pause. Lost packets do not matter.
func (t *track) measureRate(kind uint8) rate {
	var all, run moments
	last, most := -1, int64(videoClock)
	if usual := t.usualStep(kind); usual > 0 {
		most = min(most, longestStep*int64(usual))
	}
	for i, p := range t.packets {
		if p.kind() != kind {
			continue
		}
		if last >= 0 {
			b := t.packets[last]
			step, d := int32(p.timestamp-b.timestamp), int16(p.seq-b.seq)
			if d <= 0 && d >= -misorder {
				continue // a copy, or late
			}
			if d < 0 || d > misorder || step < 0 || int64(step) > most || p.at-b.at > longestRest {
				all.join(run)
				run = moments{}
			} else {
				run.x0 += float64(step)
			}
		}
		run.add(float64(p.at))
		last = i
	}
	all.join(run)
	return all.rate()
}

// moments are the sums for a straight line through points (least squares).
type moments struct {
	x0         float64 // timestamp of the last point
	n, free    float64
	x, y       float64 // means
	xx, xy, yy float64 // about them
}

func (m *moments) add(y float64) {
	m.n++
	dx, dy := m.x0-m.x, y-m.y
	m.x += dx / m.n
	m.y += dy / m.n
	m.xx += dx * (m.x0 - m.x)
	m.xy += dx * (y - m.y)
	m.yy += dy * (y - m.y)
}

// join adds a stretch with a level of its own.
func (m *moments) join(run moments) {
	m.n += run.n
	m.free += max(run.n-1, 0)
	m.xx, m.xy, m.yy = m.xx+run.xx, m.xy+run.xy, m.yy+run.yy
}

func (m *moments) rate() rate {
	free := m.free - 1
	if m.n < fewForClock || free < 1 || m.yy <= 0 {
		return rate{hz: math.NaN()}
	}
	if m.xy <= 0 || m.xx <= 0 {
		return rate{}
	}
	slope := m.xy / m.xx // nanoseconds a unit
	left := max(m.yy-slope*m.xy, 0)
	return rate{hz: float64(time.Second) / slope, spread: math.Sqrt(left/free/m.xx) / slope}
}

// usual is the usual clock rate that fits the packets, 0 if there is none. step is by how
// much the timestamp usually grows from packet to packet.
func (r rate) usual(step uint32) uint32 {
	for _, hz := range clockRates {
		within := max(sharpFit, min(4*r.spread, wholeFit))
		if step > 0 && uint64(step)*wholeParts%uint64(hz) == 0 {
			within = max(wholeFit, min(4*r.spread, roughFit))
		}
		if math.Abs(r.hz/float64(hz)-1) <= within { // false for NaN
			return hz
		}
	}
	return 0
}

// contradicts says whether the packets cannot have this clock.
func (r rate) contradicts(hz uint32) bool {
	return r.spread <= sureClock && math.Abs(r.hz/float64(hz)-1) > contradiction
}

// usualStep is by how much the timestamp usually grows from one packet to the
// next.
func (t *track) usualStep(kind uint8) uint32 {
	count := map[uint32]int{}
	for i := 1; i < len(t.packets); i++ {
		a, b := t.packets[i-1], t.packets[i]
		if a.kind() == kind && b.kind() == kind && b.seq-a.seq == 1 && int32(b.timestamp-a.timestamp) > 0 {
			count[b.timestamp-a.timestamp]++
		}
	}
	var usual uint32
	for step, n := range count {
		if n > count[usual] || n == count[usual] && (usual == 0 || step < usual) {
			usual = step
		}
	}
	return usual
}
