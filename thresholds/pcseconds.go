package thresholds

import (
	"fmt"
	"math"
	"strings"

	"netready/probe/facts"
)

// What this machine did in each second of the call: a machine that was busy in exactly the
// bad seconds is the cause, one that was busy in others is not.

const (
	// leastQuiet is the least number of seconds, in which this machine ran as it should,
	// that tell what the network does.
	leastQuiet = 5
	// nearBusy is how many seconds before and after a busy one may still show what it did.
	nearBusy = 1
)

// wasHeldUp says that this machine may not have sent or received in time in a second.
func wasHeldUp(s facts.Second) bool {
	p := s.PC
	return p != nil && (isOver(p.SendLateMS, lateSendMS) || isOver(p.ReadLateMS, lateSendMS) || isOver(p.CPUPercent, busyCPUPercent) ||
		isOver(p.PressurePercent, busyCPUPercent) || isOver(p.StealPercent, percent*throttledShare) || isOver(p.ThrottledMS, 1000*throttledShare) || p.SocketDropped > 0)
}

func isOver(f *float64, limit float64) bool { return f != nil && *f > limit }

// quietSeconds are those in which this machine ran as it should, with those around too, and
// how many there were in which it did not. There are none where it was not watched.
func (j *judge) quietSeconds() (quiet []facts.Second, busy int) {
	line := j.result.Voice.Timeline
	held := make([]bool, len(line))
	for i, s := range line {
		if s.PC == nil || s.PC.SendLateMS == nil {
			return nil, 0
		}
		if wasHeldUp(s) {
			busy++
			for k := max(0, i-nearBusy); k <= min(len(line)-1, i+nearBusy); k++ {
				held[k] = true
			}
		}
	}
	for i, s := range line {
		if !held[i] {
			quiet = append(quiet, s)
		}
	}
	return quiet, busy
}

// overSeconds is what a figure is in some seconds alone, as far as seconds tell, and by how
// many bad packets, where it counts packets. nil: they do not tell.
func (j *judge) overSeconds(key Key, way Way, seconds []facts.Second) (figure *float64, bad float64) {
	if key == MOS { // what makes it low
		key = j.mosBy(j.directionOrLoop(way))
	}
	sum, n := 0.0, 0.0
	for _, s := range seconds {
		side := sideOf(s, way)
		switch {
		case key == RTT && s.RTTMS != nil:
			sum, n = sum+*s.RTTMS, n+1
		case side == nil:
		case key == Jitter && side.JitterMS != nil:
			sum, n = sum+*side.JitterMS, n+1
		case key == Loss:
			sum, n = sum+lostIn(s, way), n+float64(side.Sent)
		case key == Discards:
			sum, n = sum+lateIn(s, way), n+float64(side.Sent)
		}
	}
	switch {
	case n == 0 || key == Order || key == MOS:
		return nil, 0
	case key == Loss, key == Discards:
		bad, sum = sum, percent*sum
	}
	return new(sum / n), math.Round(bad)
}

// breaksIn says whether a figure of some seconds alone breaks its limit. A MOS does where
// what makes it low does.
func (j *judge) breaksIn(key Key, way Way, figure *float64) bool {
	if key == MOS {
		key = j.mosBy(j.directionOrLoop(way))
	}
	return figure != nil && j.breaks(key, figure)
}

// isClearedBySeconds says that this machine is not the cause of a bad figure, however busy
// it was: the limit is broken also in the seconds in which it ran as it should.
func (j *judge) isClearedBySeconds(key Key, way Way) bool {
	quiet, _ := j.quietSeconds()
	if len(quiet) < leastQuiet {
		return false
	}
	figure, bad := j.overSeconds(key, way, quiet)
	isShare := key == Loss || key == Discards || key == MOS
	return j.breaksIn(key, way, figure) && (!isShare || bad >= enoughDrops)
}

// isBentBySeconds says that this machine is the cause of a bad figure: in the seconds in
// which it ran as it should the limit is kept. Only what its load can bend counts: where the
// kernel stamps arrivals, no load does.
func (j *judge) isBentBySeconds(key Key, way Way) bool {
	d := j.directionOrLoop(way)
	if key == RTT {
		d = j.result.Voice.Down
	}
	if way == Up || d == nil || d.KernelStamps || key == Order {
		return false
	}
	quiet, busy := j.quietSeconds()
	if busy == 0 || len(quiet) < max(leastQuiet, len(j.result.Voice.Timeline)/denser) {
		return false
	}
	all, _ := j.overSeconds(key, way, j.result.Voice.Timeline)
	figure, _ := j.overSeconds(key, way, quiet)
	return figure != nil && j.breaksIn(key, way, all) && !j.breaksIn(key, way, figure)
}

// busySecondsWords say when this machine was busy, and how that shows.
func (j *judge) busySecondsWords() string {
	var at []string
	worst := facts.PCSecond{}
	most := func(kept **float64, other *float64) {
		if other != nil && (*kept == nil || *other > **kept) {
			*kept = other
		}
	}
	for _, s := range j.result.Voice.Timeline {
		if !wasHeldUp(s) {
			continue
		}
		if len(at) < mostShifts {
			at = append(at, clock(float64(s.Second)))
		}
		most(&worst.CPUPercent, s.PC.CPUPercent)
		most(&worst.SendLateMS, s.PC.SendLateMS)
	}
	words := "it was busy at " + strings.Join(at, ", ")
	if isOver(worst.CPUPercent, busyCPUPercent) {
		words += fmt.Sprintf(", with its processors %s busy", Figure(*worst.CPUPercent, "%"))
	}
	if isOver(worst.SendLateMS, lateSendMS) {
		words += fmt.Sprintf(", and sent up to %s late", Figure(*worst.SendLateMS, "ms"))
	}
	return words + "; in its other seconds the limit is kept"
}

// besideWords are what else the system tells of a machine that was busy: none of it alone
// shows that a figure was bent.
func (j *judge) besideWords() string {
	pc := j.result.Voice.PC
	if pc == nil {
		return ""
	}
	words := ""
	if isOver(pc.PressurePercent, percent/2) {
		words += fmt.Sprintf("; programs waited for a processor %s of its worst second", Figure(*pc.PressurePercent, "%"))
	}
	if pc.PowerSaver != nil && *pc.PowerSaver {
		words += "; it saves power, which slows its processors"
	}
	return words
}
