package stamp

import "time"

const (
	// steady is by how much two readings of wall minus monotonic clock may differ although
	// the wall clock was not set: the kernel slews both clocks equally, so only the error
	// of the readings is left.
	steady = 200 * time.Microsecond
	// oldest is how long a datagram may plausibly have waited to be read.
	oldest = time.Minute
)

// clocks converts the kernel's arrival stamps, which are on the wall clock, into
// monotonic ones: mono_now - (wall_now - kernel). If the wall clock was set between the
// kernel's stamp and the reading, that difference contains the step; then the offset from
// before the step is the right one, if only one of the two results lies between the last
// arrival and now. If neither or both do, the time of reading is used: it is too late by
// the time in the queue, but never by hours.
type clocks struct {
	offset time.Duration // wall - monotonic at the last reading
	before time.Duration // at the one before it
	last   time.Duration // the last arrival
	mono   time.Duration // of the last reading
	known  bool          // there were two readings
	any    bool          // there was one reading
}

// read notes the two clocks, read together just now, after which arrivals are placed.
func (c *clocks) read(wall int64, mono time.Duration) {
	c.before, c.known = c.offset, c.any
	c.offset, c.any, c.mono = time.Duration(wall)-mono, true, mono
}

// place is the arrival of a datagram that was read with the clocks: from the
// kernel's stamp, 0 for none.
func (c *clocks) place(kernel int64) time.Duration {
	at := c.mono
	if kernel != 0 {
		now := time.Duration(kernel) - c.offset
		then := time.Duration(kernel) - c.before
		stepped := c.known && (c.offset-c.before).Abs() > steady
		switch {
		case !stepped:
			if fits(now, c.mono, -1<<62) {
				at = now
			}
		case fits(now, c.mono, c.last) && !fits(then, c.mono, c.last):
			at = now
		case fits(then, c.mono, c.last) && !fits(now, c.mono, c.last):
			at = then
		}
	}
	c.last = at
	return at
}

// arrival is read and place in one.
func (c *clocks) arrival(kernel, wall int64, mono time.Duration) time.Duration {
	c.read(wall, mono)
	return c.place(kernel)
}

// fits tells whether an arrival at a moment is possible: not in the future,
// not before the one before it, not absurdly long ago.
func fits(at, now, last time.Duration) bool {
	return at <= now && at >= now-oldest && at >= last-steady
}
