package call

import (
	"testing"
	"time"

	"netready/probe/internal/netsim"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// Where the system does not stamp what arrives, packets that were read after a pause of
// this machine are counted, and may have come earlier. The kernel's stamps need no such doubt.
func TestReadLate(t *testing.T) {
	const every = 20 * time.Millisecond
	for _, stamped := range []bool{false, true} {
		l := &leg{request: wire.Request{Ptime: every}, packets: 100, stamped: stamped, conn: new(netsim.Conn), start: time.Second, lateness: make([]time.Duration, 100)}
		l.lateness[50] = 200 * time.Millisecond
		l.far.departures = 100
		for i := range 100 {
			at := stream.Due(time.Second, i, every) + 5*time.Millisecond
			if i >= 50 && i < 60 {
				at = stream.Due(time.Second, 60, every)
			}
			l.down = append(l.down, stream.Arrival{Seq: int64(i), Sent: stream.Due(0, i, every), Received: at})
			l.far.left = append(l.far.left, wire.Departure{Seq: int64(i), Sent: stream.Due(0, i, every)})
		}
		l.far.departed = time.Hour
		d := l.downward()
		if want := map[bool]int{false: 11, true: 0}[stamped]; d.ReadLate != want || d.Reason != "" {
			t.Errorf("stamped %v: %d packets were read late (%s), want %d", stamped, d.ReadLate, d.Reason, want)
		}
	}
}
