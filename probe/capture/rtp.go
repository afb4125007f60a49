package capture

import (
	"encoding/binary"
	"fmt"

	"github.com/pion/rtp"
)

// A packet is what is kept of an RTP packet: 16 bytes, whatever its size.
type packet struct {
	at        int64 // nanoseconds since the stream's first packet
	timestamp uint32
	seq       uint16
	typed     uint8 // payload type, and the marker as the highest bit
	flags     uint8 // the DSCP above eventFlag
}

const (
	markerBit = 0x80
	eventFlag = 1 // the payload is one telephone event's
	dscpShift = 2
)

// kind is the payload type.
func (p packet) kind() uint8 { return p.typed &^ markerBit }

// marker says that the sender calls it the first packet of a talk spurt.
func (p packet) marker() bool { return p.typed&markerBit != 0 }

func (p packet) dscp() int { return int(p.flags >> dscpShift) }

// event says whether the payload looks like a telephone event's.
func (p packet) event() bool { return p.flags&eventFlag != 0 }

const (
	fixedHeader = 12 // RFC 3550 5.1
	csrcSize    = 4
	// The second byte of an RTCP packet is its type, 192 to 223 (RFC 5761 4);
	// as RTP these would be payload types 64 to 95 with the marker set.
	firstRTCP, lastRTCP = 192, 223
)

// parseRTP reads the fixed header; with a small snap length there may be no more. It
// refuses what cannot be RTP; what it accepts may still be something else.
func parseRTP(d datagram) (ssrc uint32, p packet, ok bool) {
	b := d.payload
	if len(b) < fixedHeader || b[0]>>6 != 2 || b[1] >= firstRTCP && b[1] <= lastRTCP {
		return 0, packet{}, false
	}
	csrcs := int(b[0] & 0x0f)
	if fixedHeader+csrcs*csrcSize > d.size {
		return 0, packet{}, false
	}
	fixed := [fixedHeader]byte(b)
	fixed[0] &^= 0x1f // neither CSRCs nor extension: they may be cut off
	var h rtp.Header
	if _, err := h.Unmarshal(fixed[:]); err != nil {
		return 0, packet{}, false
	}
	p = packet{timestamp: h.Timestamp, seq: h.SequenceNumber, typed: h.PayloadType, flags: uint8(d.dscp) << dscpShift}
	if h.Marker {
		p.typed |= markerBit
	}
	if isEvent(b, d.size) {
		p.flags |= eventFlag
	}
	return h.SSRC, p, true
}

// isEvent checks for the payload of RFC 4733 2.3: an event, a reserved bit that
// is 0, a duration; the same again if packets repeat events.
func isEvent(b []byte, size int) bool {
	const event, reserved = 4, 0x40
	at := fixedHeader + int(b[0]&0x0f)*csrcSize
	if b[0]&0x10 != 0 { // an extension
		if len(b) < at+4 {
			return false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	n := size - at
	return n >= event && n <= 4*event && n%event == 0 && len(b) >= at+event && b[at+1]&reserved == 0
}

// Payload types with a meaning of their own.
const (
	comfortNoise    = 13 // RFC 3389
	comfortNoiseOld = 19 // used for the same before it
	firstDynamic    = 96 // RFC 3551 6
)

func isNoise(kind uint8) bool { return kind == comfortNoise || kind == comfortNoiseOld }

// static are the payload types that RFC 3551 section 6 fixes.
var static = map[uint8]Payload{
	0: {Codec: "pcmu", ClockRate: 8000}, 3: {Codec: "gsm", ClockRate: 8000}, 4: {Codec: "g723", ClockRate: 8000},
	5: {Codec: "dvi4", ClockRate: 8000}, 6: {Codec: "dvi4", ClockRate: 16000}, 7: {Codec: "lpc", ClockRate: 8000},
	8: {Codec: "pcma", ClockRate: 8000}, 9: {Codec: "g722", ClockRate: 8000}, 10: {Codec: "l16", ClockRate: 44100},
	11: {Codec: "l16", ClockRate: 44100}, 12: {Codec: "qcelp", ClockRate: 8000}, 13: {Codec: "cn", ClockRate: 8000},
	14: {Codec: "mpa", ClockRate: 90000}, 15: {Codec: "g728", ClockRate: 8000}, 16: {Codec: "dvi4", ClockRate: 11025},
	17: {Codec: "dvi4", ClockRate: 22050}, 18: {Codec: "g729", ClockRate: 8000}, 19: {Codec: "cn", ClockRate: 8000},
	25: {Codec: "celb", ClockRate: 90000, Video: true}, 26: {Codec: "jpeg", ClockRate: 90000, Video: true},
	28: {Codec: "nv", ClockRate: 90000, Video: true}, 31: {Codec: "h261", ClockRate: 90000, Video: true},
	32: {Codec: "mpv", ClockRate: 90000, Video: true}, 33: {Codec: "mp2t", ClockRate: 90000, Video: true},
	34: {Codec: "h263", ClockRate: 90000, Video: true},
}

// payload is what a payload type means, with a clock rate of 0 if only the packets can
// show it.
func (o Options) payload(kind uint8) Payload {
	if p, ok := o.Payloads[kind]; ok {
		return p
	}
	if p, ok := static[kind]; ok {
		return p
	}
	p := Payload{Codec: o.Codec, ClockRate: o.ClockRate}
	if p.Codec == "" {
		p.Codec = fmt.Sprintf("pt-%d", kind)
	}
	return p
}
