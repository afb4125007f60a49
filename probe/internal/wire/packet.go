package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/pion/rtp"
)

// HeaderSize is that of our RTP packets: no CSRC, no extension (RFC 3550 5.1).
const HeaderSize = 12

// tagSize is short, since a forger has one try per packet and every failure is
// counted; SRTP's short tag has the same length (RFC 5764 4.1.2).
const tagSize = 4

// Errors of Opener.Open. Everything that it refuses is ErrForeign, so that
// one errors.Is counts them.
var (
	ErrForeign = errors.New("not a packet of this stream")

	errHeader = fmt.Errorf("%w: another RTP header", ErrForeign)
	errSize   = fmt.Errorf("%w: another size", ErrForeign)
	errTag    = fmt.Errorf("%w: wrong tag", ErrForeign)
	errIndex  = fmt.Errorf("%w: sequence number and timestamp disagree", ErrForeign)
)

// A Flow is one direction of one call, as both ends know it from the session.
type Flow struct {
	Key     []byte
	SSRC    uint32
	Seq     uint16 // of the first packet
	Time    uint32 // RTP timestamp of the first packet
	Type    uint8  // RTP payload type
	Payload int    // bytes
	Step    uint32 // RTP timestamp units from packet to packet
}

// UpFlow is the agent's stream to the responder.
func UpFlow(r Request, c CallGrant) Flow {
	return Flow{Key: c.Key, SSRC: c.UpSSRC, Seq: c.UpSeq, Time: c.UpTime, Type: r.Type, Payload: r.Payload, Step: r.step()}
}

// DownFlow is the responder's stream to the agent.
func DownFlow(r Request, c CallGrant) Flow {
	return Flow{Key: c.Key, SSRC: c.DownSSRC, Seq: c.DownSeq, Time: c.DownTime, Type: r.Type, Payload: r.Payload, Step: r.step()}
}

// step is the RTP time that one packet covers, at least 1.
func (r Request) step() uint32 {
	return uint32(max(1, int64(r.Rate)*int64(r.Ptime)/int64(time.Second)))
}

// check says why a flow cannot be sealed or opened.
func (f Flow) check() error {
	switch {
	case f.Payload < MinPayload:
		return fmt.Errorf("an RTP payload of %d bytes is too small: stamp and tag need %d", f.Payload, MinPayload)
	case f.Step == 0:
		return errors.New("an RTP timestamp step of 0")
	case len(f.Key) < 16:
		return fmt.Errorf("a stream key of %d bytes is too short: at least 16", len(f.Key))
	case f.Type > 127:
		return fmt.Errorf("no RTP payload type %d: 0 to 127", f.Type)
	}
	return nil
}

// Size is that of every packet of the flow.
func (f Flow) Size() int { return HeaderSize + f.Payload }

// A Sealer makes the packets of one flow. It is for one goroutine.
type Sealer struct {
	flow   Flow
	mac    hash.Hash
	sum    [sha256.Size]byte
	packet []byte
}

// NewSealer prepares a flow's packets.
func NewSealer(f Flow) (*Sealer, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	s := &Sealer{flow: f, mac: hmac.New(sha256.New, f.Key), packet: make([]byte, f.Size())}
	filler(s.packet[HeaderSize:], f.SSRC)
	return s, nil
}

// filler is a pattern that no link compresses to nothing and that every run
// repeats: xorshift32, seeded by the SSRC.
func filler(b []byte, seed uint32) {
	x := seed | 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x >> 24)
	}
}

// Seal makes packet index (from 0), stamped with the sender's clock. The
// bytes are good until the next call.
func (s *Sealer) Seal(index int64, stamp time.Duration) ([]byte, error) {
	h := s.flow.header(index)
	if _, err := h.MarshalTo(s.packet); err != nil {
		return nil, fmt.Errorf("sealing packet %d: %w", index, err)
	}
	payload := s.packet[HeaderSize:]
	binary.BigEndian.PutUint64(payload[StampOffset:], uint64(stamp))
	copy(payload[TagOffset:TagOffset+tagSize], tag(s.mac, &s.sum, s.packet))
	return s.packet, nil
}

// header is that of packet index. The marker is on the first packet alone, as
// at the start of a talkspurt (RFC 3551 4.1).
func (f Flow) header(index int64) rtp.Header {
	return rtp.Header{
		Version: 2, Marker: index == 0, PayloadType: f.Type, SSRC: f.SSRC,
		SequenceNumber: f.Seq + uint16(index),
		Timestamp:      f.Time + uint32(index)*f.Step,
	}
}

// tag is over RTP header and stamp, which lie side by side at the front.
func tag(mac hash.Hash, sum *[sha256.Size]byte, packet []byte) []byte {
	mac.Reset()
	mac.Write(packet[:HeaderSize+StampOffset+8])
	return mac.Sum(sum[:0])[:tagSize]
}

// An Opener reads the packets of one flow. It is for one goroutine.
type Opener struct {
	flow Flow
	mac  hash.Hash
	sum  [sha256.Size]byte
}

// NewOpener prepares to read a flow.
func NewOpener(f Flow) (*Opener, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return &Opener{flow: f, mac: hmac.New(sha256.New, f.Key)}, nil
}

// Open checks a packet's tag and returns its index (from 0) and the sender's
// stamp. The index comes from the RTP timestamp, whose 32 bits outlast any
// call, and the sequence number must agree with it.
func (o *Opener) Open(b []byte) (index int64, stamp time.Duration, err error) {
	var h rtp.Header
	n, err := h.Unmarshal(b)
	if err != nil || n != HeaderSize || h.Padding || h.Extension || h.SSRC != o.flow.SSRC || h.PayloadType != o.flow.Type || h.Version != 2 {
		return 0, 0, errHeader
	}
	if len(b) != o.flow.Size() {
		return 0, 0, errSize
	}
	payload := b[HeaderSize:]
	if !hmac.Equal(payload[TagOffset:TagOffset+tagSize], tag(o.mac, &o.sum, b)) {
		return 0, 0, errTag
	}
	since := h.Timestamp - o.flow.Time
	index = int64(since / o.flow.Step)
	if since%o.flow.Step != 0 || h.SequenceNumber-o.flow.Seq != uint16(index) || h.Marker != (index == 0) {
		return 0, 0, errIndex
	}
	return index, time.Duration(binary.BigEndian.Uint64(payload[StampOffset:])), nil
}

// IsRTP tells whether a datagram claims to be RTP: version 2 in its first two
// bits, as RFC 7983 tells it from STUN.
func IsRTP(b []byte) bool { return len(b) >= HeaderSize && b[0]>>6 == 2 }
