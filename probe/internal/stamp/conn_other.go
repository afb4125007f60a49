//go:build !linux

package stamp

import (
	"net"
	"net/netip"

	"netready/probe/stream"
)

// Kernel says that arrivals carry the kernel's stamp and its count of drops.
const Kernel = false

// platform reads one datagram at a time and stamps it right after: the stamp is late by
// the time that the system takes to wake this program.
type platform struct{}

func (*platform) prepare(*net.UDPConn) error { return nil }

func (*platform) read(udp *net.UDPConn, b []byte) (Arrival, error) {
	n, from, err := udp.ReadFromUDPAddrPort(b)
	return Arrival{N: n, From: from, At: Now(), DSCP: stream.NoDSCP}, err
}

// drops: no other system tells what a socket dropped.
func (*platform) drops(*net.UDPConn) uint32 { return 0 }

// granted: what was granted is not read back here.
func (*platform) granted(*net.UDPConn) int { return 0 }

func (*platform) writeMarked(udp *net.UDPConn, b []byte, to netip.AddrPort, _ int) error {
	_, err := udp.WriteToUDPAddrPort(b, to)
	return err
}

// NoMark implements PacketConn.
func (*platform) NoMark() string {
	return "this system marks whole sockets only, and this one serves many sessions"
}
