package capture

import (
	"encoding/binary"
	"net/netip"
)

// Protocols over IP (numbers of IANA).
const (
	protoIPv4    = 4
	protoTCP     = 6
	protoUDP     = 17
	protoIPv6    = 41
	protoGRE     = 47
	protoESP     = 50
	protoAH      = 51
	protoEtherIP = 97
	protoMPLS    = 137
	protoHops    = 0 // IPv6 options that may stand before the rest
	protoRouting = 43
	protoPiece   = 44 // fragment
	protoOptions = 60
)

// ip reads an IPv4 or IPv6 packet, as far as it was captured.
func (d *decoder) ip(b []byte) {
	if len(b) == 0 || !d.deeper() {
		return
	}
	switch b[0] >> 4 {
	case 4:
		d.ip4(b)
	case 6:
		d.ip6(b)
	}
}

func (d *decoder) ip4(b []byte) {
	const header = 20 // RFC 791 3.1, without options
	size := int(b[0]&0x0f) * 4
	if len(b) < header || size < header || size > len(b) {
		return
	}
	// A total length of 0 is a packet that the network card was to cut.
	if total := int(binary.BigEndian.Uint16(b[2:])); total >= size && total < len(b) {
		b = b[:total]
	}
	d.src, d.dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	d.dscp = int(b[1] >> 2)
	fragment := binary.BigEndian.Uint16(b[6:])
	d.transport(b[9], b[size:], fragment&0x1fff != 0)
}

func (d *decoder) ip6(b []byte) {
	const header = 40 // RFC 8200 3
	if len(b) < header {
		return
	}
	if whole := header + int(binary.BigEndian.Uint16(b[4:])); whole > header && whole < len(b) {
		b = b[:whole]
	}
	d.src, d.dst = netip.AddrFrom16([16]byte(b[8:])).Unmap(), netip.AddrFrom16([16]byte(b[24:])).Unmap()
	d.dscp = int(binary.BigEndian.Uint16(b) >> 6 & 0x3f)
	next, rest, further := b[6], b[header:], false
	for len(rest) >= 8 {
		size := (int(rest[1]) + 1) * 8
		switch next {
		case protoPiece:
			size = 8
			further = further || binary.BigEndian.Uint16(rest[2:])&0xfff8 != 0
		case protoHops, protoRouting, protoOptions:
		default:
			d.transport(next, rest, further)
			return
		}
		next, rest = rest[0], after(rest, size)
	}
}

// transport reads what IP carries. The first fragment of a datagram is enough, since it
// holds the whole RTP header.
func (d *decoder) transport(proto uint8, b []byte, further bool) {
	if further {
		if proto == protoUDP {
			d.fragments++
		}
		return
	}
	switch proto {
	case protoUDP:
		d.udp(b)
	case protoTCP:
		d.tcp(b)
	case protoIPv4, protoIPv6:
		d.ip(b)
	case protoGRE:
		d.gre(b)
	case protoMPLS:
		d.mpls(b)
	case protoEtherIP:
		d.ethernet(after(b, 2))
	case protoESP:
		d.unread(IPsec)
	case protoAH:
		if len(b) >= 2 && d.deeper() {
			d.transport(b[0], after(b, (int(b[1])+2)*4), false)
		}
	}
}

// udp passes a datagram on, or reads the tunnel in it.
func (d *decoder) udp(b []byte) {
	const header = 8
	if len(b) < header {
		return
	}
	u := datagram{
		src:     netip.AddrPortFrom(d.src, binary.BigEndian.Uint16(b)),
		dst:     netip.AddrPortFrom(d.dst, binary.BigEndian.Uint16(b[2:])),
		dscp:    d.dscp,
		via:     d.via,
		payload: b[header:],
	}
	size := int(binary.BigEndian.Uint16(b[4:])) - header
	if size >= 0 && size < len(u.payload) {
		u.payload = u.payload[:size] // the rest is padding of the link
	}
	u.size = max(size, len(u.payload))
	if d.tunnel(u) {
		return
	}
	d.datagrams++
	if d.relayed(u) {
		return
	}
	d.emit(u)
}
