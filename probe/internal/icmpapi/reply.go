// Package icmpapi sends ICMP echo requests through iphlpapi of Windows, which lets every
// user do that, over IPv4 and IPv6, with a TTL.
package icmpapi

import (
	"encoding/binary"
	"net/netip"
)

// Values of IP_STATUS (ipexport.h).
const (
	Answered   = 0
	TTLExpired = 11013
	// NoResources: this machine's own queue is full.
	NoResources = 11006
	firstStatus = 11001
	lastStatus  = 11050
)

// A Reply is who answered, and what.
type Reply struct {
	From   netip.Addr // without a zone
	Status uint32     // IP_STATUS
}

// Offsets in ICMP_ECHO_REPLY and ICMPV6_ECHO_REPLY as a 64-bit process sees them. The latter
// begins with IPV6_ADDRESS_EX, which is packed: port, flow and address.
const (
	status4, address6, status6 = 4, 2 + 4, 28
	leastReply                 = status6 + 4
)

// parseReply reads the reply at the start of a buffer. ok is false where nobody answered: then it
// is all zero.
func parseReply(b []byte, is6 bool) (r Reply, ok bool) {
	if len(b) < leastReply {
		return Reply{}, false
	}
	r = Reply{netip.AddrFrom4([4]byte(b)), binary.LittleEndian.Uint32(b[status4:])}
	if is6 {
		r = Reply{netip.AddrFrom16([16]byte(b[address6:])).Unmap(), binary.LittleEndian.Uint32(b[status6:])}
	}
	return r, !r.From.IsUnspecified()
}

// socketAddress is a SOCKADDR_IN6 of Windows: family, port, flow, address, interface.
func socketAddress(a netip.Addr, scope uint32) [28]byte {
	const inet6 = 23
	var b [28]byte
	binary.LittleEndian.PutUint16(b[:], inet6)
	address := a.As16()
	copy(b[8:], address[:])
	binary.LittleEndian.PutUint32(b[24:], scope)
	return b
}

// IsLost says whether a system error of an echo means no answer, or somebody's answer that there is
// no way; otherwise the system refused to send.
func IsLost(code uint32) bool {
	const semTimeout = 121 // ERROR_SEM_TIMEOUT
	return code == semTimeout || code >= firstStatus && code <= lastStatus && code != NoResources
}
