package stamp

import "time"

const (
	// steady is by how much two readings of wall minus monotonic clock may
	// differ without the wall clock having been set: the kernel slews both
	// alike, so that only the readings' own error is left.
	steady = 200 * time.Microsecond
	// oldest is how long a datagram may plausibly have waited to be read.
	oldest = time.Minute
)

// clocks turns the kernel's arrival stamps, which are on the wall clock, into
// monotonic ones: mono_now - (wall_now - kernel). Where the wall clock was set
// between the kernel's stamp and the reading, that difference holds the step;
// then the offset from before the step is the right one, if only one of the
// two lies between the arrival before and now. Where neither or both do, the
// time of reading is taken: too late by the time in the queue, never by hours.
type clocks struct {
	offset time.Duration // wall - monotonic at the last reading
	last   time.Duration // the last arrival
	known  bool
}

// arrival is pure: the kernel's stamp (0: none) and the two clocks, read
// together just now.
func (c *clocks) arrival(kernel, wall int64, mono time.Duration) time.Duration {
	before, known, last := c.offset, c.known, c.last
	c.offset, c.known = time.Duration(wall)-mono, true
	at := mono
	if kernel != 0 {
		now := time.Duration(kernel) - c.offset
		then := time.Duration(kernel) - before
		stepped := known && (c.offset-before).Abs() > steady
		switch {
		case !stepped:
			if fits(now, mono, -1<<62) {
				at = now
			}
		case fits(now, mono, last) && !fits(then, mono, last):
			at = now
		case fits(then, mono, last) && !fits(now, mono, last):
			at = then
		}
	}
	c.last = at
	return at
}

// fits tells whether an arrival at a moment is possible: not in the future,
// not before the one before it, not absurdly long ago.
func fits(at, now, last time.Duration) bool {
	return at <= now && at >= now-oldest && at >= last-steady
}
