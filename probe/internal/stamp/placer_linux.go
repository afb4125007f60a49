package stamp

import "time"

// A Placer turns the kernel's own stamps (SO_TIMESTAMPNS) of sockets that are no
// Conn into moments of Now. It is for one goroutine, which calls it right after a
// read.
type Placer struct{ clocks clocks }

// Place is the moment of a stamp on the wall clock; 0, no stamp, is now.
func (p *Placer) Place(kernel int64) time.Duration {
	wall, mono := both()
	return p.clocks.arrival(kernel, wall, mono)
}
