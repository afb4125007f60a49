package capture

import "encoding/binary"

// Link types (www.tcpdump.org/linktypes.html).
const (
	linkNull       = 0
	linkEthernet   = 1
	linkPPP        = 9
	linkRawBSD     = 12 // DLT_RAW on most systems
	linkRawOpenBSD = 14 // DLT_RAW on OpenBSD
	linkPPPHDLC    = 50
	linkPPPoE      = 51
	linkRaw        = 101
	linkCiscoHDLC  = 104
	linkWiFi       = 105
	linkLoop       = 108
	linkEnc        = 109 // OpenBSD, decrypted IPsec
	linkSLL        = 113 // Linux, cooked
	linkPFLog      = 117
	linkPrism      = 119
	linkRadiotap   = 127
	linkAVS        = 163
	linkPPPD       = 166
	linkPPPWithDir = 204
	linkIPv4       = 228
	linkIPv6       = 229
	linkNFLog      = 239
	linkPktap      = 258 // macOS
	linkSLL2       = 276
)

// Sizes of headers, in bytes.
const (
	ethernetHeader = 14
	sllHeader      = 16 // whatever the length of its address says: only 8 bytes of it are there
	sll2Header     = 20
	loopbackHeader = 4 // the address family, in either byte order
	encHeader      = 12
)

// link reads the link header of a frame. It is read here, as a library needs whole
// frames and knows fewer variants; gopacket writes the packets of the tests.
func (d *decoder) link(kind uint32, b []byte) {
	switch kind {
	case linkEthernet:
		d.ethernet(b)
	case linkSLL:
		d.etherTypeAt(b, 14, sllHeader)
	case linkSLL2:
		d.etherTypeAt(b, 0, sll2Header)
	case linkRaw, linkRawBSD, linkRawOpenBSD, linkIPv4, linkIPv6:
		d.ip(b)
	case linkNull, linkLoop:
		d.ip(after(b, loopbackHeader))
	case linkEnc:
		d.ip(after(b, encHeader))
	case linkPPP, linkPPPHDLC, linkCiscoHDLC:
		d.ppp(b)
	case linkPPPWithDir, linkPPPD:
		d.ppp(after(b, 1)) // one byte for the direction
	case linkPPPoE:
		d.pppoe(b)
	case linkWiFi:
		d.wifi(b, false)
	case linkRadiotap:
		d.radiotap(b)
	case linkPrism, linkAVS:
		d.prism(b)
	case linkPFLog:
		if len(b) > 0 {
			d.ip(after(b, (int(b[0])+3)&^3))
		}
	case linkNFLog:
		d.nflog(b)
	case linkPktap:
		d.pktap(b)
	default:
		d.unknown[kind]++
	}
}

// after is what follows the first n bytes.
func after(b []byte, n int) []byte {
	if n < 0 || n > len(b) {
		return nil
	}
	return b[n:]
}

func (d *decoder) ethernet(b []byte) { d.etherTypeAt(b, 12, ethernetHeader) }

// etherTypeAt reads the type of what follows a header of some size.
func (d *decoder) etherTypeAt(b []byte, at, size int) {
	if len(b) >= size && at+2 <= size {
		d.etherType(binary.BigEndian.Uint16(b[at:]), b[size:])
	}
}

// Types of Ethernet frames (IEEE 802 numbers).
const (
	longestLength = 1500 // up to here it is a length, and LLC follows
	typeIPv4      = 0x0800
	typeIPv6      = 0x86dd
	typeTrans     = 0x6558 // Ethernet within something
	typePPP       = 0x880b
	typeMPLS      = 0x8847
	typeMPLSMulti = 0x8848
	typePPPoE     = 0x8864
	typeERSPAN2   = 0x88be
	typeERSPAN3   = 0x22eb
	typeMACsec    = 0x88e5
	typePBB       = 0x88e7 // IEEE 802.1ah: Ethernet follows its 4 bytes
	typeCMD       = 0x8909 // Cisco TrustSec: 6 bytes and the type of what follows
)

// etherType reads what a type says. There may be several tags, one after another.
func (d *decoder) etherType(kind uint16, b []byte) {
	if !d.deeper() {
		return
	}
	switch kind {
	case typeIPv4, typeIPv6:
		d.ip(b)
	case 0x8100, 0x88a8, 0x9100, 0x9200, 0x9300: // VLAN tags: IEEE 802.1Q, 802.1ad, and what was used before it
		d.etherTypeAt(b, 2, 4)
	case typeMPLS, typeMPLSMulti:
		d.mpls(b)
	case typePPPoE:
		d.pppoe(b)
	case typePPP:
		d.ppp(b)
	case typeTrans:
		d.ethernet(b)
	case typePBB:
		d.ethernet(after(b, 4))
	case typeCMD:
		d.etherTypeAt(b, 6, 8)
	case typeMACsec:
		d.unread(MACsec)
	case 1, 4: // of a cooked capture: Novell's 802.3 and LLC
		d.llc(b)
	default:
		if kind > 4 && kind <= longestLength {
			d.llc(b)
		}
	}
}

// llc reads LLC with SNAP (IEEE 802.2), which may carry any type.
func (d *decoder) llc(b []byte) {
	if len(b) >= 8 && b[0] == 0xaa && b[1] == 0xaa && b[2] == 3 && b[3] == 0 && b[4] == 0 && b[5] == 0 {
		d.etherTypeAt(b, 6, 8)
	}
}

// mpls skips the labels (RFC 3032). IP follows, or Ethernet after a control word, whose
// first four bits are zero (RFC 4385).
func (d *decoder) mpls(b []byte) {
	for len(b) >= 4 {
		bottom := b[2]&1 == 1
		b = b[4:]
		if !bottom {
			continue
		}
		if len(b) > 4 && b[0]>>4 == 0 {
			d.ethernet(b[4:])
		} else {
			d.ip(b)
		}
		return
	}
}

func (d *decoder) pppoe(b []byte) {
	const header = 6 // RFC 2516; a code other than 0 is no session's data
	if len(b) >= header && b[1] == 0 {
		d.ppp(b[header:])
	}
}

// Protocols of PPP (RFC 1661; numbers of IANA).
const (
	pppIPv4       = 0x0021
	pppIPv6       = 0x0057
	pppMultilink  = 0x003d
	pppCompressed = 0x00fd
	pppMPLS       = 0x0281
)

// ppp reads a frame with or without the address and control bytes of HDLC, and
// with a protocol of one byte or two (RFC 1661 6.5, 6.6). Cisco's HDLC has the
// type of an Ethernet frame in that place.
func (d *decoder) ppp(b []byte) {
	if len(b) >= 4 && (b[0] == 0x0f || b[0] == 0x8f) && b[1] == 0 {
		d.etherTypeAt(b, 2, 4)
		return
	}
	switch {
	case len(b) >= 2 && b[0] == 0xff && b[1] == 3:
		b = b[2:]
	case len(b) >= 1 && b[0] == 3: // pppd keeps the direction in place of the address
		b = b[1:]
	}
	if len(b) < 2 {
		return
	}
	protocol, size := binary.BigEndian.Uint16(b), 2
	if b[0]&1 == 1 {
		protocol, size = uint16(b[0]), 1
	}
	switch protocol {
	case pppIPv4, pppIPv6:
		d.ip(b[size:])
	case pppMPLS:
		d.mpls(b[size:])
	case pppMultilink, pppCompressed:
		d.unread(CompressedPPP)
	}
}

// nflog finds the packet among the attributes of Linux's NFLOG.
func (d *decoder) nflog(b []byte) {
	const header, payload = 4, 9 // NFULA_PAYLOAD
	for b = after(b, header); len(b) >= 4; {
		size := int(binary.LittleEndian.Uint16(b))
		if size < 4 || size > len(b) {
			return
		}
		if binary.LittleEndian.Uint16(b[2:]) == payload {
			d.ip(b[4:size])
			return
		}
		b = after(b, (size+3)&^3)
	}
}

// pktap skips the header that macOS puts before frames of all interfaces.
func (d *decoder) pktap(b []byte) {
	if len(b) < 12 || !d.deeper() {
		return
	}
	if size := binary.LittleEndian.Uint32(b); size >= 12 && uint64(size) <= uint64(len(b)) {
		d.link(binary.LittleEndian.Uint32(b[8:]), b[size:])
	}
}
