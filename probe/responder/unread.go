package responder

import "time"

// unreadFor is how long the records of a call wait for a reader: longer than the longest
// time to write a line of events plus the second between two lines.
const unreadFor = writeWait + 5*time.Second

// mostUnread is how many records of a call wait at most, both ways together.
func mostUnread(ptime time.Duration) int { return 3 * int(unreadFor/ptime) }

// bound drops the records that nobody reads, and all that follow: a trace with a gap would
// say that the path lost the packets. c.mu is held.
func (c *call) bound() {
	if len(c.up.news)+len(c.down) > c.mostRecords {
		c.unread = true
	}
	if c.unread {
		c.up.news, c.down, c.leeway = nil, nil, nil
	}
}

// stopReading says that nobody reads the trace of a session any more.
func (s *session) stopReading() {
	for _, c := range s.calls {
		c.mu.Lock()
		c.unread = true
		c.bound()
		c.mu.Unlock()
	}
}

// isUnread says whether a part of the trace had to be dropped.
func (s *session) isUnread() bool {
	for _, c := range s.calls {
		c.mu.Lock()
		unread := c.unread
		c.mu.Unlock()
		if unread {
			return true
		}
	}
	return false
}
