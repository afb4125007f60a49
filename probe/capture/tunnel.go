package capture

import "encoding/binary"

// Tunnels in UDP, by port.
const (
	portL2TP      = 1701
	portGTPU      = 2152
	portTeredo    = 3544
	portIPsec     = 4500 // RFC 3948
	portVXLAN     = 4789
	portVXLANGPE  = 4790
	portGeneve    = 6081
	portMPLS      = 6635
	portOldVXLAN  = 8472 // Linux, before the number was given
	portTZSP      = 37008
	portWireGuard = 51820
)

// tunnel reads a datagram of a tunnel; false if it is not one.
func (d *decoder) tunnel(u datagram) bool {
	for _, port := range [...]uint16{u.dst.Port(), u.src.Port()} {
		if d.tunnelOf(port, u.payload) {
			return true
		}
	}
	return false
}

func (d *decoder) tunnelOf(port uint16, b []byte) bool {
	if len(b) < 4 || !d.deeper() {
		return false
	}
	switch {
	case port == portGTPU && b[0]>>4 == 3:
		d.within("gtp-u", func() { d.gtp(b) })
	case (port == portVXLAN || port == portOldVXLAN) && len(b) >= 8 && b[0]&0x08 != 0:
		d.within("vxlan", func() { d.ethernet(b[8:]) })
	case port == portVXLANGPE && len(b) >= 8 && b[0]&0x08 != 0:
		d.within("vxlan", func() { d.vxlanGPE(b) })
	case port == portGeneve && b[0]>>6 == 0:
		d.within("geneve", func() { d.etherTypeAt(b, 2, 8+int(b[0]&0x3f)*4) })
	case port == portTZSP && b[0] == 1 && b[1] <= 1:
		d.within("tzsp", func() { d.tzsp(b) })
	case port == portL2TP && b[0]&0x80 == 0 && b[1]&0x0f == 2:
		d.within("l2tp", func() { d.l2tp(b) })
	case port == portMPLS:
		d.within("mpls", func() { d.mpls(b) })
	case port == portTeredo && b[0]>>4 == 6:
		d.within("teredo", func() { d.ip(b) })
	case port == portIPsec && len(b) >= 16 && binary.BigEndian.Uint32(b) != 0 && b[0]>>6 != 2:
		d.unread(IPsec)
	case port == portWireGuard && len(b) >= 32 && binary.BigEndian.Uint32(b) == 4<<24:
		d.unread(WireGuard)
	default:
		return false
	}
	return true
}

// gtp reads the user plane of a mobile network (3GPP TS 29.281 5.1).
func (d *decoder) gtp(b []byte) {
	const user, extensions = 0xff, 0x04
	if len(b) < 8 || b[1] != user {
		return
	}
	flags, rest := b[0]&0x07, b[8:]
	if flags == 0 {
		d.ip(rest)
		return
	}
	if len(rest) < 4 {
		return
	}
	next := rest[3]
	rest = rest[4:]
	for flags&extensions != 0 && next != 0 {
		size := 0
		if len(rest) > 0 {
			size = int(rest[0]) * 4
		}
		if size == 0 || size > len(rest) {
			return
		}
		next, rest = rest[size-1], rest[size:]
	}
	d.ip(rest)
}

func (d *decoder) vxlanGPE(b []byte) {
	switch b[3] {
	case 1, 2: // IPv4, IPv6
		d.ip(b[8:])
	case 3:
		d.ethernet(b[8:])
	}
}

// tzsp reads the protocol by which access points and routers mirror frames.
func (d *decoder) tzsp(b []byte) {
	const ethernet, wifi = 1, 18
	kind := binary.BigEndian.Uint16(b[2:])
	for b = b[4:]; len(b) > 0; {
		switch {
		case b[0] == 1: // the last tag
			switch kind {
			case ethernet:
				d.ethernet(b[1:])
			case wifi:
				d.wifi(b[1:], false)
			}
			return
		case b[0] == 0 || len(b) < 2: // padding
			b = b[1:]
		default:
			b = after(b, 2+int(b[1]))
		}
	}
}

// l2tp reads a data message of version 2 (RFC 2661 3.1).
func (d *decoder) l2tp(b []byte) {
	flags, size := b[0], 6
	if flags&0x40 != 0 { // length
		size += 2
	}
	if flags&0x08 != 0 { // sequence numbers
		size += 4
	}
	if flags&0x02 != 0 { // offset
		if len(b) < size+2 {
			return
		}
		size += 2 + int(binary.BigEndian.Uint16(b[size:]))
	}
	d.ppp(after(b, size))
}

// gre reads versions 0 (RFC 2784, 2890) and 1 (PPTP, RFC 2637).
func (d *decoder) gre(b []byte) {
	const checksum, routing, key, sequence, acknowledge = 0x8000, 0x4000, 0x2000, 0x1000, 0x0080
	if len(b) < 4 {
		return
	}
	flags, kind, size := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), 4
	if flags&routing != 0 {
		return
	}
	for _, field := range [...]uint16{checksum, key, sequence} {
		if flags&field != 0 {
			size += 4
		}
	}
	if flags&7 == 1 && flags&acknowledge != 0 {
		size += 4
	}
	rest := after(b, size)
	d.within("gre", func() {
		switch {
		case kind == typeERSPAN2 && flags&sequence != 0:
			d.ethernet(after(rest, 8))
		case kind == typeERSPAN2: // type I has no header of its own
			d.ethernet(rest)
		case kind == typeERSPAN3:
			d.erspan3(rest)
		default:
			d.etherType(kind, rest)
		}
	})
}

func (d *decoder) erspan3(b []byte) {
	size := 12
	if len(b) >= size && b[11]&1 != 0 { // a header of the platform follows
		size += 8
	}
	d.ethernet(after(b, size))
}
