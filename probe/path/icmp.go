package path

import (
	"encoding/binary"
	"net/netip"
)

// magic begins every question: it is no STUN, RTP, TURN or DTLS (RFC 7983 7).
const magic = "netready path "

// marksOnly is the number of an answer that tells of marks and not of times.
const marksOnly = -2

// filling is a question of a given size, with space for its number.
func filling(size int) []byte {
	b := make([]byte, max(size, len(magic)+4))
	copy(b, magic)
	return b
}

// numberIn is the number of the question that a router quoted, -1 where it
// quoted too little.
func numberIn(quoted []byte) int {
	if len(quoted) < len(magic)+4 || string(quoted[:len(magic)]) != magic {
		return -1
	}
	return int(binary.BigEndian.Uint32(quoted[len(magic):]) & 0x7fffffff)
}

// ICMP types and codes (RFC 792, RFC 4443).
const (
	originICMP, originICMP6     = 2, 3 // SO_EE_ORIGIN_* of Linux
	timeExceeded, timeExceeded6 = 11, 3
	unreachable, unreachable6   = 3, 1
	portUnreachable             = 3
	portUnreachable6            = 4
)

// offender reads sock_extended_err and the address after it (ip(7)): who sent a time
// exceeded or, at the end of the path, a port unreachable.
func offender(b []byte) (from netip.Addr, isEnd, ok bool) {
	if len(b) < 16+8 {
		return netip.Addr{}, false, false
	}
	origin, kind, code := b[4], b[5], b[6]
	switch {
	case origin == originICMP && kind == timeExceeded, origin == originICMP6 && kind == timeExceeded6:
	case origin == originICMP && kind == unreachable && code == portUnreachable, origin == originICMP6 && kind == unreachable6 && code == portUnreachable6:
		isEnd = true
	default:
		return netip.Addr{}, false, false
	}
	if origin == originICMP {
		return netip.AddrFrom4([4]byte(b[20:24])), isEnd, true
	}
	if len(b) < 16+28 {
		return netip.Addr{}, false, false
	}
	return netip.AddrFrom16([16]byte(b[24:40])).Unmap(), isEnd, true
}

// quote is what an ICMP error shows of the packet it is about.
type quote struct {
	tos  byte
	port uint16 // UDP source
}

// parseTimeExceeded reads an ICMPv4 time exceeded about a UDP packet (RFC 792).
func parseTimeExceeded(b []byte) (quote, bool) {
	if len(b) < 8+20 || b[0] != timeExceeded || b[1] != 0 {
		return quote{}, false
	}
	q, ok := parseInner(b[8:])
	if !ok || !q.to.Is4() || q.protocol != protocolUDP {
		return quote{}, false
	}
	return quote{tos: q.tos, port: binary.BigEndian.Uint16(q.data)}, true
}

// reflects tells from the type of service of an ICMP error that the packet it is about
// arrived with a mark: Linux, and so most home and office routers, answers in class 6 with
// the lower bits of what arrived (RFC 1812 4.3.2.5). That proves a mark whose lower bits
// are not all 0; no other value proves that the mark was lost.
func reflects(tos, dscp int) bool {
	return tos >= 0 && dscp&7 != 0 && tos>>2 == 48|dscp&7
}
