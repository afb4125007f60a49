//go:build !linux

package stamp

import (
	"net"

	"netready/probe/stream"
)

// Kernel says that arrivals carry the kernel's stamp and its count of drops.
const Kernel = false

// platform reads one datagram at a time and stamps it right after: the stamp
// is late by what the system takes to wake this program.
type platform struct{}

func (*platform) prepare(*net.UDPConn) error { return nil }

func (*platform) read(udp *net.UDPConn, b []byte) (Arrival, error) {
	n, from, err := udp.ReadFromUDPAddrPort(b)
	return Arrival{N: n, From: from, At: Now(), DSCP: stream.NoDSCP}, err
}
