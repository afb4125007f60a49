package capture

import "encoding/binary"

const (
	stunHeader   = 20
	stunCookie   = 0x2112a442
	stunSend     = 0x0016 // indications of RFC 8656 11
	stunData     = 0x0017
	stunDataAttr = 0x0013
	channelFirst = 0x40 // channel numbers 0x4000 to 0x4fff, before RFC 8656 up to 0x7fff
	channelLast  = 0x7f
	channelSize  = 4
)

// relayed reads a datagram that a TURN client or its server has wrapped; false if this is
// not such a one.
func (d *decoder) relayed(u datagram) bool {
	inner, size, ok := unwrapTURN(u.payload, u.size)
	if !ok {
		return false
	}
	u.payload, u.size, u.via = inner, size, joined(u.via, "turn")
	d.emit(u)
	return true
}

// unwrapTURN finds the datagram in ChannelData (RFC 8656 12.4) or in an
// indication. whole is the size of b as it was sent.
func unwrapTURN(b []byte, whole int) (inner []byte, size int, ok bool) {
	if len(b) < channelSize {
		return nil, 0, false
	}
	if b[0] >= channelFirst && b[0] <= channelLast {
		size = int(binary.BigEndian.Uint16(b[2:]))
		padding := whole - channelSize - size
		inner = b[channelSize:min(len(b), channelSize+size)]
		return inner, size, padding >= 0 && padding < 4 && len(inner) > 0 && inner[0]>>6 == 2
	}
	if kind := stunType(b); kind != stunSend && kind != stunData {
		return nil, 0, false
	}
	for rest := b[stunHeader:]; len(rest) >= 4; {
		size = int(binary.BigEndian.Uint16(rest[2:]))
		if binary.BigEndian.Uint16(rest) == stunDataAttr {
			return rest[4:min(len(rest), 4+size)], size, true
		}
		rest = after(rest, 4+(size+3)&^3)
	}
	return nil, 0, false
}

// stunType is the type of a STUN message, 0 if b is not one.
func stunType(b []byte) uint16 {
	if len(b) < stunHeader || b[0]>>6 != 0 || binary.BigEndian.Uint32(b[4:]) != stunCookie {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

func joined(via, more string) string {
	if via == "" || via == more {
		return more
	}
	return via + "/" + more
}
