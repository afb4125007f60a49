package stamp

import "time"

// A Placer converts the kernel's stamps (SO_TIMESTAMPNS) of sockets that are not a Conn
// into moments of Now. It is for one goroutine, which calls it right after a read.
type Placer struct{ clocks clocks }

// Place is the moment of a stamp on the wall clock; 0 means no stamp, which gives now.
func (p *Placer) Place(kernel int64) time.Duration {
	wall, mono := both()
	return p.clocks.arrival(kernel, wall, mono)
}
