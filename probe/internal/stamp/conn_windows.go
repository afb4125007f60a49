package stamp

import (
	"errors"

	"golang.org/x/sys/windows"
)

// NoDSCP implements PacketConn.
func (*platform) NoDSCP() string {
	return "Windows does not give a program the mark of a received packet"
}

// dscpDoubt is why an accepted mark may not be on the packets.
const dscpDoubt = "Windows drops the mark of an ordinary program without an error; a Group Policy QoS rule for this executable sets it"

// passing distinguishes errors of single datagrams, most of them ICMP errors, from the end
// of the socket.
func passing(err error) bool {
	for _, e := range []error{windows.WSAECONNRESET, windows.WSAENETRESET, windows.WSAEMSGSIZE, windows.WSAECONNREFUSED, windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
