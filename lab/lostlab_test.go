//go:build lab && linux

package lab

import (
	"sync"
	"testing"

	"netready/internal/seed"
)

// One DNS answer, one SYN, one SYN-ACK or one flight of a connection is lost in a
// whole run, each in turn at every position: no row fails, and the verdict stays.
func TestLabOneLostPacket(t *testing.T) {
	const stands = 4
	short := []string{"--duration", "1s"}
	start := seed.Of(t)
	all := newStand(t, Links{}, everyRow, start, short...).losses(t, nameAnswer, syn, synAck, flight)
	work := make(chan loss)
	var wg sync.WaitGroup
	for i := range stands {
		s := newStand(t, Links{}, everyRow, start+uint64(10*i), short...)
		wg.Go(func() {
			for l := range work {
				s.try(t, l)
			}
		})
	}
	for _, l := range all {
		work <- l
	}
	close(work)
	wg.Wait()
}

// Any one datagram is lost before the call, in turn at every position.
func TestLabOneLostDatagram(t *testing.T) {
	s := newStand(t, Links{}, everyRow, seed.Of(t), "--only", "firewall")
	for _, l := range s.losses(t, question, answer) {
		s.try(t, l)
	}
}
