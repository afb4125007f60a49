package capture

import (
	"time"

	"netready/probe/stream"
)

const (
	// jump is by how much the timestamps of a stream may differ from its sequence
	// numbers, and its transit may change at once. If they do more, the sender has reset its
	// timestamps, and the network is not the cause.
	jump = time.Second
	// silence is by how many packets a timestamp is ahead of the numbers after the
	// sender was silent.
	silence = 4
	// votes is how many later packets decide whether one timestamp is wrong or the
	// clock is new.
	votes = 8
	// draining is how long a queue may take to empty after the path stood still.
	draining = 4 * time.Second
)

// mediaClock turns RTP timestamps into the sender's time.
type mediaClock struct {
	rate, step uint32
	packets    []packet
	markers    bool // mean the beginning of a talk spurt

	started bool
	last    packet        // the last in order whose timestamp counts
	seq     int64         // its sequence number
	units   int64         // its timestamp, since the first
	transit time.Duration // of the packet before
	shift   time.Duration // of all timestamps since the sender reset them
	since   int64         // the sequence number from which it holds
	before  time.Duration // the shift before that
	resumed int64         // the sequence number that came first after a pause
	rested  time.Duration // the transit before that pause
	other   bool          // noise or an event came since
}

// place is a packet's send stamp, and whether the sender paused or set its clock anew
// before it. A packet whose payload type counts time in another way (the packets of a
// telephone event have one stamp) shows nothing of the path and gets the transit of the
// packet before it.
func (c *mediaClock) place(i int, seq int64, counts bool) (sent time.Duration, action stream.SenderAction) {
	p := c.packets[i]
	at := time.Duration(p.at)
	c.other = c.other || !counts || isNoise(p.kind())
	switch {
	case !counts:
		return at - c.transit, stream.Continued
	case !c.started:
		c.started, c.last, c.seq, c.shift, c.before = true, p, seq, at, at // the first packet's transit is 0
		return at, stream.Continued
	case seq <= c.seq:
		return c.late(p, seq)
	}
	units := c.units + int64(int32(p.timestamp-c.last.timestamp))
	off, delta := c.compare(p, seq)
	if c.suspicious(off, delta) {
		action = stream.ClockReset
		switch anew := c.setAnew(i); {
		case !anew && far(off):
			return at - c.transit, stream.Continued
		case !anew: // a wrong timestamp: the next packet is not compared with it
			return seconds(units, c.rate) + c.shift, stream.Continued
		case far(off) || units <= c.units:
			c.before, c.since = c.shift, seq
			c.shift = at - seconds(units, c.rate) - c.transit
		}
	}
	if action == stream.Continued && c.paused(i, off, delta) {
		action = stream.Paused
	}
	c.last, c.seq, c.units, c.other = p, seq, units, isNoise(p.kind())
	sent = seconds(units, c.rate) + c.shift
	if action != stream.Continued {
		c.resumed, c.rested = seq, c.transit
	}
	c.transit = at - sent
	return sent, action
}

// late is place for a copy, or for a packet that others overtook. It may be the first one
// after the pause.
func (c *mediaClock) late(p packet, seq int64) (sent time.Duration, action stream.SenderAction) {
	shift, at := c.shift, time.Duration(p.at)
	behind := int64(int32(p.timestamp - c.last.timestamp))
	if seq < c.since {
		shift = c.before
		if old := at - seconds(c.units+behind, c.rate); (old - shift - c.rested).Abs() > (old - c.shift - c.transit).Abs() {
			shift, action = c.shift, stream.ClockReset
		}
	} else if far(seconds(behind-(seq-c.seq)*int64(c.step), c.rate)) {
		return at - c.transit, stream.Continued
	}
	sent = seconds(c.units+behind, c.rate) + shift
	transit := at - sent
	if action == stream.Continued && (c.markers && p.marker() || seq < c.resumed && (transit-c.transit).Abs() < (transit-c.rested).Abs()) {
		action = stream.Paused
	}
	return sent, action
}

// compare is by how much a packet's timestamp differs from what its number predicts, and
// by how much its transit differs from the last one.
func (c *mediaClock) compare(p packet, seq int64) (off, delta time.Duration) {
	units := int64(int32(p.timestamp - c.last.timestamp))
	off = seconds(units-(seq-c.seq)*int64(c.step), c.rate)
	return off, time.Duration(p.at-c.last.at) - seconds(units, c.rate)
}

// suspicious says whether the timestamp jumped: the time of arrival does not explain the
// difference.
func (c *mediaClock) suspicious(off, delta time.Duration) bool {
	if c.step == 0 {
		return far(off) && far(delta)
	}
	half := seconds(int64(c.step), c.rate) / 2
	return off.Abs() > half && delta.Abs() > off.Abs()/2
}

// setAnew says whether the packets that follow count time as packet i does, and not as
// the packets before it.
func (c *mediaClock) setAnew(i int) bool {
	p, here, there := c.packets[i], 0, 0
	for _, next := range c.packets[i+1 : min(len(c.packets), i+1+4*votes)] {
		if here+there == votes {
			break
		}
		if next.kind() != p.kind() || int16(next.seq-p.seq) <= 0 {
			continue
		}
		anew, old := offLine(p, next, c.step), offLine(c.last, next, c.step)
		if anew <= old/4 {
			here++
		} else if old <= anew/4 {
			there++
		}
	}
	return here > there
}

// paused says whether the sender paused before a packet. The timestamps count some pauses
// and do not count others; those that they do not count are not a delay of the path.
func (c *mediaClock) paused(i int, off, delta time.Duration) bool {
	if c.step == 0 {
		return false
	}
	ptime := seconds(int64(c.step), c.rate)
	spurt := c.other || c.markers && c.packets[i].marker()
	if spurt || off >= silence*ptime || off <= -ptime/2 {
		return true
	}
	return delta > jump && off.Abs() < ptime && !c.drains(i, delta)
}

// drains says whether a path that stood still catches up: packets arrive faster than they
// were sent. After a pause of the sender they do not.
func (c *mediaClock) drains(i int, delta time.Duration) bool {
	p := c.packets[i]
	for _, next := range c.packets[i+1:] {
		since := time.Duration(next.at - p.at)
		if since > draining {
			break
		}
		if since-seconds(int64(int32(next.timestamp-p.timestamp)), c.rate) < -delta/2 {
			return true
		}
	}
	return false
}

func far(d time.Duration) bool { return d > jump || d < -jump }

// seconds turns timestamp units into time without overflow.
func seconds(units int64, rate uint32) time.Duration {
	if rate == 0 {
		return 0
	}
	r := int64(rate)
	return time.Duration(units/r)*time.Second + time.Duration(units%r*int64(time.Second)/r)
}
