package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// HeaderSize is that of our RTP packets: no CSRC, no extension (RFC 3550 5.1).
const HeaderSize = 12

// tagSize is small: a forger has one try per packet, and every failure is counted.
// SRTP's short tag has the same length (RFC 5764 4.1.2).
const tagSize = 4

// Errors of Opener.Open. All of them wrap errForeign.
var (
	errForeign = errors.New("not a packet of this stream")

	errHeader = fmt.Errorf("%w: another RTP header", errForeign)
	errSize   = fmt.Errorf("%w: another size", errForeign)
	errTag    = fmt.Errorf("%w: wrong tag", errForeign)
	errIndex  = fmt.Errorf("%w: sequence number and timestamp disagree", errForeign)
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

// size is that of every packet of the flow.
func (f Flow) size() int { return HeaderSize + f.Payload }

// A Sealer makes the packets of one flow. It is for one goroutine.
type Sealer struct {
	flow   Flow
	mac    mac
	packet []byte
}

// NewSealer prepares a flow's packets.
func NewSealer(f Flow) (*Sealer, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	s := &Sealer{flow: f, mac: newMAC(sha256Pool, f.Key), packet: make([]byte, f.size())}
	filler(s.packet[HeaderSize:], f.SSRC)
	return s, nil
}

// Size is how many bytes every packet has.
func (s *Sealer) Size() int { return len(s.packet) }

// filler writes a pattern that no link can compress and that is the same in every run:
// xorshift32, seeded by the SSRC.
func filler(b []byte, seed uint32) {
	x := seed | 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x >> 24)
	}
}

// Seal makes packet index (from 0), stamped with the sender's clock. The bytes are
// valid until the next call.
func (s *Sealer) Seal(index int64, stamp time.Duration) []byte {
	s.flow.header(s.packet, index)
	binary.BigEndian.PutUint64(s.packet[HeaderSize+StampOffset:], uint64(stamp))
	s.mac.put(s.packet[tagAt:tagAt+tagSize], s.packet[:tagged])
	return s.packet
}

// SetChallenge puts a challenge, or the answer to one, into all further packets, if they
// have room for it.
func (s *Sealer) SetChallenge(n uint64) {
	if len(s.packet) >= challenged {
		binary.BigEndian.PutUint64(s.packet[challenged-8:], n)
	}
}

// Challenge is what SetChallenge put into a packet; something random where nothing was put,
// and 0 where there is no room.
func Challenge(packet []byte) uint64 {
	if len(packet) < challenged {
		return 0
	}
	return binary.BigEndian.Uint64(packet[challenged-8:])
}

// challenged is the size of a packet up to its challenge.
const challenged = HeaderSize + ChallengeOffset + 8

// The tag covers RTP header and stamp, which are next to each other at the front.
const (
	tagged = HeaderSize + StampOffset + 8
	tagAt  = HeaderSize + TagOffset
)

// header writes the header of packet index: version 2, no padding, extension or
// CSRC (RFC 3550 5.1). The marker is on the first packet alone, as at the start
// of a talkspurt (RFC 3551 4.1).
func (f Flow) header(b []byte, index int64) {
	b[0], b[1] = 2<<6, f.Type
	if index == 0 {
		b[1] |= marker
	}
	binary.BigEndian.PutUint16(b[2:], f.Seq+uint16(index))
	binary.BigEndian.PutUint32(b[4:], f.Time+uint32(index)*f.Step)
	binary.BigEndian.PutUint32(b[8:], f.SSRC)
}

const marker = 0x80

// An Opener reads the packets of one flow. It is for one goroutine.
type Opener struct {
	flow Flow
	mac  mac
}

// NewOpener prepares to read a flow.
func NewOpener(f Flow) (*Opener, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return &Opener{flow: f, mac: newMAC(sha256Pool, f.Key)}, nil
}

// Open checks a packet's tag and returns its index (from 0) and the sender's
// stamp. The index comes from the RTP timestamp, whose 32 bits outlast any
// call, and all else of the header must agree with it.
func (o *Opener) Open(b []byte) (index int64, stamp time.Duration, err error) {
	f := &o.flow
	switch {
	case len(b) < HeaderSize || b[0] != 2<<6 || b[1]&^marker != f.Type || binary.BigEndian.Uint32(b[8:]) != f.SSRC:
		return 0, 0, errHeader
	case len(b) != f.size():
		return 0, 0, errSize
	case !o.mac.begins(b[tagAt:tagAt+tagSize], b[:tagged]):
		return 0, 0, errTag
	}
	since := binary.BigEndian.Uint32(b[4:]) - f.Time
	index = int64(since / f.Step)
	if since%f.Step != 0 || binary.BigEndian.Uint16(b[2:])-f.Seq != uint16(index) || (b[1]&marker != 0) != (index == 0) {
		return 0, 0, errIndex
	}
	return index, time.Duration(binary.BigEndian.Uint64(b[HeaderSize+StampOffset:])), nil
}

// IsRTP tells whether a datagram looks like RTP: version 2 in its first two bits,
// which distinguishes it from STUN (RFC 7983).
func IsRTP(b []byte) bool { return len(b) >= HeaderSize && b[0]>>6 == 2 }
