package wire

import "time"

// Counted is what arrives of a transfer, and when. Its throughput leaves out the
// first second: what a hole in the first bytes held back arrives at once, and a
// connection starts slowly.
type Counted struct {
	all, early  int64
	first, from time.Duration
	last        time.Duration
}

// StartUp is what a throughput leaves out of a transfer that is long enough.
const StartUp = time.Second

// Add notes bytes that arrived.
func (c *Counted) Add(n int, at time.Duration) {
	if c.all == 0 {
		c.first, c.from = at, at
	}
	c.all, c.last = c.all+int64(n), at
	if at-c.first <= StartUp {
		c.early, c.from = c.all, at
	}
}

// All is how many bytes arrived.
func (c *Counted) All() int64 { return c.all }

// For is the time from the first bytes to the last.
func (c *Counted) For() time.Duration { return c.last - c.first }

// Rate is how many bytes arrived in which time, without the start where the rest is
// as long as that.
func (c *Counted) Rate() (int64, time.Duration) {
	if c.last-c.from >= StartUp {
		return c.all - c.early, c.last - c.from
	}
	return c.all, c.last - c.first
}
