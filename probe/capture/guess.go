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
var clockRates = []uint32{8000, 16000, 24000, 32000, 44100, 48000, 90000}

// mainKind is the payload type that most packets have, comfort noise aside.
func (t *track) mainKind() uint8 {
	var count [128]int
	for _, p := range t.packets {
		count[p.kind&0x7f]++
	}
	main := t.packets[0].kind
	best := -1
	for kind, n := range count {
		if kind == comfortNoise || kind == comfortNoiseOld {
			n = 0
		}
		if n > best && count[kind] > 0 {
			main, best = uint8(kind), n
		}
	}
	return main
}

// rates gives each payload type of a track its clock rate.
func (t *track) rates(o Options) map[uint8]uint32 {
	rates := map[uint8]uint32{}
	for _, p := range t.packets {
		if _, ok := rates[p.kind]; !ok {
			rates[p.kind] = o.payload(p.kind).ClockRate
			if rates[p.kind] == 0 {
				rates[p.kind] = t.guessRate(p.kind)
			}
		}
	}
	return rates
}

// guessRate compares how fast a payload type's timestamps grow with the
// arrivals, over all pairs of packets in sequence, so that loss and a timestamp
// set anew do not matter. It is 0 where no usual rate is near.
func (t *track) guessRate(kind uint8) uint32 {
	var units, elapsed float64
	for i := 1; i < len(t.packets); i++ {
		a, b := t.packets[i-1], t.packets[i]
		step := int32(b.timestamp - a.timestamp)
		if a.kind != kind || b.kind != kind || b.seq-a.seq != 1 || step < 0 || step > 10*videoClock {
			continue
		}
		units += float64(step)
		elapsed += float64(b.at - a.at)
	}
	if units <= 0 || elapsed <= 0 {
		return 0
	}
	measured := units / elapsed * float64(time.Second)
	var nearest uint32
	closest := math.Log(1.2) // 44100 and 48000 are a tenth apart
	for _, rate := range clockRates {
		if d := math.Abs(math.Log(measured / float64(rate))); d < closest {
			nearest, closest = rate, d
		}
	}
	return nearest
}

// usualStep is by how much the timestamp usually grows from one packet to the
// next.
func (t *track) usualStep(kind uint8) uint32 {
	count := map[uint32]int{}
	for i := 1; i < len(t.packets); i++ {
		a, b := t.packets[i-1], t.packets[i]
		if a.kind == kind && b.kind == kind && b.seq-a.seq == 1 && int32(b.timestamp-a.timestamp) > 0 {
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

// split cuts a track where the sender began anew with another sequence number
// (RFC 3550 A.1: two packets in a row far from those before), unless the time
// that passed explains the gap: then the path was down. A single number far from
// all others is a stray.
func (t *track) split(ptime time.Duration) (parts [][]packet, stray int) {
	kept := t.packets[:0]
	begin := 0
	var highest packet
	for i, p := range t.packets {
		ahead := int16(p.seq - highest.seq)
		switch {
		case i == 0:
			highest = p
		case ahead >= -maxStep && ahead <= maxStep, outage(ahead, p.at-highest.at, ptime):
			if ahead > 0 {
				highest = p
			}
		case i+1 < len(t.packets) && t.packets[i+1].seq-p.seq == 1:
			parts = append(parts, kept[begin:])
			begin = len(kept)
			highest = p
		default:
			stray++
			continue
		}
		kept = append(kept, p)
	}
	return append(parts, kept[begin:]), stray
}

// outage says whether a gap in the sequence numbers is as long as the time that
// passed meanwhile.
func outage(ahead int16, elapsed int64, ptime time.Duration) bool {
	if ahead <= 0 || ptime <= 0 {
		return false
	}
	missing := time.Duration(ahead) * ptime
	return (time.Duration(elapsed) - missing).Abs() <= max(2*time.Second, missing/5)
}
