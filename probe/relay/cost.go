package relay

import (
	"fmt"
	"math"
	"time"

	"netready/probe/emodel"
	"netready/probe/ice"
	"netready/probe/stream"
)

// Packets through a relay carry this beside their payload: RTP, the channel's
// header, UDP and IPv4.
const headers = 12 + 4 + 8 + 20

// Cost says in one sentence how much calls send through a TURN server, for
// whoever pays for it.
func Cost(servers []ice.Server, codec string, duration time.Duration, calls int) string {
	c, _ := emodel.FindCodec(codec)
	calls = max(calls, 1)
	streams := 3 * calls
	packets := int64(duration / stream.PacketTime)
	bytes := float64(int64(streams) * packets * int64(c.PayloadBytes(stream.PacketTime)+headers))
	size := fmt.Sprintf("%.1f MB", bytes/1e6)
	if bytes < 1e6 {
		size = fmt.Sprintf("%.0f kB", bytes/1e3)
	}
	host := ""
	if len(servers) > 0 && len(servers[0].URIs) > 0 {
		host = servers[0].URIs[0].Host
	}
	minutes := math.Ceil(duration.Minutes())
	return fmt.Sprintf("This sends %d streams of %v through the TURN server turn:%s and back: %s up and as much down. "+
		"A service that counts minutes counts %.0f (%d relays of %.0f min each). There is no bandwidth test.",
		streams, duration, host, size, minutes*float64(2*streams), 2*streams, minutes)
}
