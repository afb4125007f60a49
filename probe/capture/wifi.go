package capture

import "encoding/binary"

// Sizes in a frame of IEEE 802.11 (9.2.3, 9.3.2), in bytes.
const (
	wifiHeader     = 24 // with three addresses
	wifiAddress    = 6  // the fourth, between access points
	wifiQoS        = 2
	wifiHT         = 4 // HT Control
	wifiSubHeader  = 14
	wifiType       = 0x0c // bits of the first byte
	wifiTypeData   = 0x08
	wifiIsQoS      = 0x80
	wifiIsEmpty    = 0x40
	wifiBetween    = 0x03 // bits of the second byte: to and from the distribution system
	wifiProtected  = 0x40
	wifiOrder      = 0x80
	wifiAggregated = 0x80 // of QoS: an A-MSDU
)

// radiotap skips the header that drivers put before a frame (www.radiotap.org).
func (d *decoder) radiotap(b []byte) {
	const fixed = 8
	if len(b) < fixed {
		return
	}
	frame := after(b, int(binary.LittleEndian.Uint16(b[2:])))
	d.wifi(frame, radiotapFlags(b)&0x20 != 0)
}

// radiotapFlags are those of a header, 0 where it has none: after the bitmaps of
// what is there, and eight aligned bytes of a time, if that is there.
func radiotapFlags(b []byte) byte {
	const hasTime, hasFlags, more = 1, 2, 1 << 31
	there := binary.LittleEndian.Uint32(b[4:])
	at := 8
	for bitmap := there; bitmap&more != 0; at += 4 {
		if len(b) < at+4 {
			return 0
		}
		bitmap = binary.LittleEndian.Uint32(b[at:])
	}
	if there&hasTime != 0 {
		at = (at+7)&^7 + 8
	}
	if there&hasFlags == 0 || at >= len(b) {
		return 0
	}
	return b[at]
}

// prism skips the header of Prism cards, or the one of AVS that came after it.
func (d *decoder) prism(b []byte) {
	if len(b) < 8 {
		return
	}
	size := binary.LittleEndian.Uint32(b[4:])
	if binary.BigEndian.Uint32(b)&0xffff0000 == 0x80210000 { // AVS has its own order of bytes
		size = binary.BigEndian.Uint32(b[4:])
	}
	if uint64(size) <= uint64(len(b)) {
		d.wifi(b[size:], false)
	}
}

// wifi reads a frame of IEEE 802.11 as far as it was captured. padded says that the
// driver filled its header up to a multiple of four bytes. A checksum at the end
// does no harm: IP knows its own length.
func (d *decoder) wifi(b []byte, padded bool) {
	if len(b) < wifiHeader || b[0]&wifiType != wifiTypeData || b[0]&wifiIsEmpty != 0 {
		return
	}
	if b[1]&wifiProtected != 0 {
		d.unread(ProtectedWiFi)
		return
	}
	if b[22]&0x0f != 0 { // a further fragment has no beginning
		return
	}
	size := wifiHeader
	if b[1]&wifiBetween == wifiBetween {
		size += wifiAddress
	}
	aggregated := false
	if b[0]&wifiIsQoS != 0 {
		aggregated = len(b) > size && b[size]&wifiAggregated != 0
		size += wifiQoS
		if b[1]&wifiOrder != 0 {
			size += wifiHT
		}
	}
	if padded {
		size = (size + 3) &^ 3
	}
	if b = after(b, size); aggregated {
		d.subframes(b)
		return
	}
	d.llc(b)
}

// subframes reads the frames that were joined into one (A-MSDU, 9.3.2.2.2).
func (d *decoder) subframes(b []byte) {
	for len(b) >= wifiSubHeader {
		size := wifiSubHeader + int(binary.BigEndian.Uint16(b[12:]))
		d.llc(b[wifiSubHeader:min(size, len(b))])
		b = after(b, (size+3)&^3)
	}
}
