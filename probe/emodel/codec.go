package emodel

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Codec is what the program knows of a voice codec: its packets, for the test
// call, and its impairment, for the E-model.
type Codec struct {
	Name        string        // as --codec takes it
	Title       string        // for people
	PayloadType uint8         // RFC 3551; 111 for Opus, as browsers use it
	ClockRate   uint32        // RTP timestamp units a second; 8000 for G.722 by RFC 3551 4.5.2
	BitRate     int           // of the payload, bit/s
	LookAhead   time.Duration // of the coder, in addition to the packet time

	Scale       Scale
	Ie, Bpl     *float64      // nil: none published
	PublishedAt time.Duration // the packet time that Ie and Bpl were published for
	Concealment string        // of lost packets, as Ie and Bpl assume it
	Provenance  string        // where Ie and Bpl come from
}

// Basis is the codec whose MOS is given for a codec without published values.
const Basis = "pcmu"

const appendixI = "ITU-T G.113 Appendix I"

// Codecs lists every codec of the program.
func Codecs() []Codec {
	return []Codec{
		{
			Name: "pcmu", Title: "G.711 mu-law", PayloadType: 0, ClockRate: 8000, BitRate: 64_000,
			LookAhead: 250 * time.Microsecond,
			Scale:     Narrowband, Ie: new(0.0), Bpl: new(25.1), PublishedAt: 10 * time.Millisecond,
			Concealment: "G.711 Appendix I", Provenance: appendixI,
		},
		{
			Name: "pcma", Title: "G.711 A-law", PayloadType: 8, ClockRate: 8000, BitRate: 64_000,
			LookAhead: 250 * time.Microsecond,
			Scale:     Narrowband, Ie: new(0.0), Bpl: new(25.1), PublishedAt: 10 * time.Millisecond,
			Concealment: "G.711 Appendix I", Provenance: appendixI,
		},
		{
			Name: "g729", Title: "G.729A with VAD", PayloadType: 18, ClockRate: 8000, BitRate: 8_000,
			LookAhead: 5 * time.Millisecond,
			Scale:     Narrowband, Ie: new(11.0), Bpl: new(19.0), PublishedAt: 20 * time.Millisecond,
			Concealment: "the codec's own", Provenance: appendixI,
		},
		{
			Name: "g722", Title: "G.722 at 64 kbit/s", PayloadType: 9, ClockRate: 8000, BitRate: 64_000,
			LookAhead: 1500 * time.Microsecond,
			Scale:     Wideband, Ie: new(13.0),
			Provenance: "ITU-T G.113 (Ie; no Bpl is published)",
		},
		{
			Name: "opus", Title: "Opus at 32 kbit/s", PayloadType: 111, ClockRate: 48000, BitRate: 32_000,
			LookAhead: 6500 * time.Microsecond,
			Scale:     Wideband, Concealment: "the codec's own",
			Provenance: "none: no Ie and no Bpl are published",
		},
	}
}

// CodecNames lists the names that --codec takes.
func CodecNames() []string {
	var names []string
	for _, c := range Codecs() {
		names = append(names, c.Name)
	}
	return names
}

// FindCodec looks a codec up by its name.
func FindCodec(name string) (Codec, bool) {
	all := Codecs()
	i := slices.IndexFunc(all, func(c Codec) bool { return c.Name == name })
	if i < 0 {
		return Codec{}, false
	}
	return all[i], true
}

// UnknownCodec is the error for a name that is no codec's.
func UnknownCodec(name string) error {
	return fmt.Errorf("unknown codec %q: choose one of %s", name, strings.Join(CodecNames(), ", "))
}

// PayloadBytes is the size of the RTP payload of a packet of ptime.
func (c Codec) PayloadBytes(ptime time.Duration) int {
	return int(int64(c.BitRate) * int64(ptime) / int64(8*time.Second))
}

// TimestampStep is by how much the RTP timestamp grows from packet to packet.
func (c Codec) TimestampStep(ptime time.Duration) uint32 {
	return uint32(int64(c.ClockRate) * int64(ptime) / int64(time.Second))
}

// Bytes of a packet in addition to its RTP payload.
const (
	rtpHeader      = 12
	udpHeader      = 8
	ipv4Header     = 20
	ethernetFrame  = 18 // header and check sequence, without preamble and gap
	packetOverhead = ethernetFrame + ipv4Header + udpHeader + rtpHeader
)

// WireBitRate is the bit rate of one direction on Ethernet with IPv4, in bit/s: 87,200 for
// G.711 in packets of 20 ms.
func (c Codec) WireBitRate(ptime time.Duration) float64 {
	if ptime <= 0 {
		return 0
	}
	return float64(c.PayloadBytes(ptime)+packetOverhead) * 8 / ptime.Seconds()
}
