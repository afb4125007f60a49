//go:build !linux && !windows

package stamp

import (
	"errors"
	"syscall"
)

// NoDSCP implements PacketConn.
func (*platform) NoDSCP() string {
	return "the mark of a received packet is read on Linux only"
}

// dscpDoubt is why an accepted mark may not be on the packets.
const dscpDoubt = ""

// passing distinguishes errors of single datagrams, most of them ICMP errors, from the end
// of the socket.
func passing(err error) bool {
	for _, e := range []error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EMSGSIZE, syscall.ENOBUFS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
