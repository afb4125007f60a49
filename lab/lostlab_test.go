//go:build lab && linux

package lab

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"netready/internal/seed"
)

// One DNS answer, one SYN, one SYN-ACK or one flight of a connection is lost in a
// whole run, each in turn at every position: no row fails, and the verdict stays.
func TestLabOneLostPacket(t *testing.T) {
	const stands = 4
	short := []string{"--duration", "1s"}
	start := seed.Of(t)
	all := newStand(t, Links{}, everyRow, start, short...).losses(t, nameAnswer, syn, synAck, flight)
	everywhere(t, all, stands, func(i int) *stand { return newStand(t, Links{}, everyRow, start+uint64(10*i), short...) })
}

// everywhere tries all losses, in so many laboratories at once.
func everywhere(t *testing.T, all []loss, stands int, build func(i int) *stand) {
	t.Helper()
	work := make(chan loss)
	var wg sync.WaitGroup
	for i := range stands {
		s := build(i)
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

// One DNS answer or one flight is lost on a slow path before the call, in turn at every
// position: there TCP waits for seconds before it sends again.
func TestLabOneLostPacketOfASlowPath(t *testing.T) {
	const stands = 8
	slow, start := line(Harm{Delay: 600 * ms}), seed.Of(t)
	only := []string{"--only", "firewall"}
	everywhere(t, newStand(t, slow, everyRow, start, only...).losses(t, nameAnswer, flight), stands, func(i int) *stand {
		return newStand(t, slow, everyRow, start+uint64(10*i), only...)
	})
}

// A whole run over a satellite, or a bad mobile line: the round trip and the MOS are bad,
// and nothing else.
func TestLabSlowPath(t *testing.T) {
	for _, trip := range []time.Duration{600 * ms, 1200 * ms, 2500 * ms} {
		t.Run(trip.String(), func(t *testing.T) {
			t.Parallel()
			r := newStand(t, line(Harm{Delay: trip / 2}), everyRow, seed.Of(t), "--duration", "10s").run(t)
			for _, c := range r.slowly() {
				t.Error(c)
			}
			for _, gap := range r.NotMeasured {
				// Nothing here speaks plain HTTP, and the run is short.
				if gap.What != "environment.captive_portal" && gap.What != "nat.survives_30s" {
					t.Errorf("not measured: %s: %s", gap.What, gap.Reason)
				}
			}
			if r.Signature.Value == "" {
				t.Errorf("not signed: %s", r.Signature.Reason)
			}
		})
	}
}

// A path that loses 8 % each way, twenty times: no row fails, and nothing is said but
// that packets are lost, and where.
func TestLabHeavyLoss(t *testing.T) {
	const runs = 20
	start := seed.Of(t)
	for i := range uint64(runs) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			r := newStand(t, line(Harm{Delay: 20 * ms, Loss: 0.08}), everyRow, start+100*i, "--duration", "5s").run(t)
			for _, c := range r.lossy() {
				t.Error(c)
			}
		})
	}
}
