package path

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/icmp"
)

// ICMP types of an echo (RFC 792, RFC 4443 4).
const (
	typeEcho, typeEcho6   = 8, 128
	typeReply, typeReply6 = 0, 129
	protocolICMP          = 1
	protocolUDP           = 17
	protocolICMP6         = 58
)

// inner is a packet, or as much of it as an ICMP error quotes.
type inner struct {
	tos      byte
	protocol byte
	to       netip.Addr
	data     []byte // 8 bytes at least
}

// parseInner reads an IP packet (RFC 791 3.1, RFC 8200 3), of IPv6 one without extension
// headers: our questions have none.
func parseInner(ip []byte) (inner, bool) {
	if len(ip) == 0 {
		return inner{}, false
	}
	switch ip[0] >> 4 {
	case 4:
		header := int(ip[0]&0x0f) * 4
		if header < 20 || len(ip) < header+8 {
			return inner{}, false
		}
		return inner{ip[1], ip[9], netip.AddrFrom4([4]byte(ip[16:20])), ip[header:]}, true
	case 6:
		if len(ip) < 40+8 {
			return inner{}, false
		}
		return inner{ip[0]<<4 | ip[1]>>4, ip[6], netip.AddrFrom16([16]byte(ip[24:40])), ip[40:]}, true
	}
	return inner{}, false
}

// echoed is what an ICMP message tells of the echo request that it answers.
type echoed struct {
	id, sequence uint16
	isReply      bool       // an echo reply; otherwise a time exceeded
	tos          int        // of the request when it was dropped; of no use in a reply
	to           netip.Addr // of the request; invalid in a reply
}

// parseEcho reads an echo reply, or a time exceeded about an echo request. Before an ICMPv4
// message may stand its IP header: some systems leave it there (icmp(4) of macOS).
func parseEcho(b []byte, is6 bool) (echoed, bool) {
	reply, exceeded, request, protocol := byte(typeReply), byte(timeExceeded), byte(typeEcho), byte(protocolICMP)
	if is6 {
		reply, exceeded, request, protocol = typeReply6, timeExceeded6, typeEcho6, protocolICMP6
	} else if len(b) > 0 && b[0]>>4 == 4 { // no type of ICMP that is in use
		outer, ok := parseInner(b)
		if !ok || outer.protocol != protocolICMP {
			return echoed{}, false
		}
		b = outer.data
	}
	if len(b) < 8 || b[1] != 0 {
		return echoed{}, false
	}
	switch b[0] {
	case reply:
		e := numbers(b)
		e.isReply = true
		return e, true
	case exceeded:
		q, ok := parseInner(b[8:])
		if !ok || q.protocol != protocol || q.to.Is6() != is6 || q.data[0] != request || q.data[1] != 0 {
			return echoed{}, false
		}
		e := numbers(q.data)
		e.tos, e.to = int(q.tos), q.to
		return e, true
	}
	return echoed{}, false
}

// numbers reads the head of an echo.
func numbers(b []byte) echoed {
	return echoed{id: binary.BigEndian.Uint16(b[4:]), sequence: binary.BigEndian.Uint16(b[6:])}
}

// echoBody is a question as the body of an echo request. In the place of its number stands
// what makes the checksum of all questions the same: routers that share packets out among
// several links by it send them all one way, as they do with the packets of a call.
func echoBody(id, sequence uint16, size int) *icmp.Echo {
	b := filling(size)
	binary.BigEndian.PutUint16(b[len(magic):], ^id)
	binary.BigEndian.PutUint16(b[len(magic)+2:], ^sequence)
	return &icmp.Echo{ID: int(id), Seq: int(sequence), Data: b}
}

// wholeNumber is the number of a question from its lower 16 bits and the latest one's
// number; negative: it was not asked.
func wholeNumber(sequence uint16, latest int) int {
	return latest - int(uint16(latest)-sequence)
}

// keptMarks knows which marks of our questions have been seen on the path. Before that it is
// not known whether this system sends echo requests with them at all, so that a missing
// one proves nothing.
type keptMarks struct{ dscp, ecn bool }

// see returns the marks that the type of service of a quoted question proves.
func (k *keptMarks) see(tos, dscp int) (gotDSCP, gotECN *int) {
	mark, ecn := tos>>2, tos&3
	k.dscp, k.ecn = k.dscp || mark == dscp, k.ecn || ecn == ect0
	if k.dscp {
		gotDSCP = &mark
	}
	if k.ecn {
		gotECN = &ecn
	}
	return gotDSCP, gotECN
}
