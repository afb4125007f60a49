package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"time"

	"github.com/pion/stun/v3"
)

// Sizes of parts of a STUN message (RFC 8489 5 and 14) in bytes, attributes with
// their headers.
const (
	headerSTUN      = 20
	sizeIntegrity   = 4 + 20
	sizeFingerprint = 4 + 4
	// integrityTail is what ends every check: MESSAGE-INTEGRITY, then FINGERPRINT.
	integrityTail = sizeIntegrity + sizeFingerprint
)

// fingerprintXOR tells a fingerprint from another CRC (RFC 8489 14.7).
const fingerprintXOR = 0x5354554e

// padding is the value of PADDING (RFC 5780 7.6) in the agent's checks. A responder's
// answer to an IPv6 address is about 30 bytes longer than a check without padding;
// older responders send their own check with it, 100 bytes more, and do not answer a
// shorter check.
var padding [96]byte

// Padding makes a question larger than its answer.
func Padding() stun.RawAttribute {
	return stun.RawAttribute{Type: stun.AttrPadding, Value: padding[:]}
}

// TransactionID is that of a STUN message, RFC 8489 5.
type TransactionID = [stun.TransactionIDSize]byte

// NewTransactionID draws one.
func NewTransactionID() TransactionID { return stun.NewTransactionID() }

// errCheck is wrapped by all that ParseCheck and Authentic refuse.
var errCheck = errors.New("not a check of this call")

// These errors are made once, so that packets of strangers cost as little as possible.
var (
	errNoSTUN      = fmt.Errorf("%w: no STUN message", errCheck)
	errAttributes  = fmt.Errorf("%w: its attributes do not add up to its length", errCheck)
	errSeal        = fmt.Errorf("%w: does not end with integrity and fingerprint", errCheck)
	errFingerprint = fmt.Errorf("%w: another fingerprint", errCheck)
	errKind        = fmt.Errorf("%w: neither a Binding request nor the answer to one", errCheck)
	errUsername    = fmt.Errorf("%w: a request without a username", errCheck)
	errMapped      = fmt.Errorf("%w: an answer without a good address", errCheck)
	errStamps      = fmt.Errorf("%w: an answer without its stamps", errCheck)
	errIntegrity   = fmt.Errorf("%w: another password", errCheck)
)

// A Check is a STUN Binding request or the answer to one, as it arrived. Nothing in it
// may be trusted before Authentic has returned nil. It refers to the bytes that it was
// read from, and is valid as long as they are.
type Check struct {
	ID       TransactionID
	Answer   bool           // a success response
	Username []byte         // of a request
	Mapped   netip.AddrPort // of an answer: where the request came from
	Received time.Duration  // of an answer: when the request arrived, the answerer's clock
	Sent     time.Duration  // of an answer: when it left
	Size     int            // bytes of the datagram

	raw []byte
}

// IsCheck distinguishes a STUN message from RTP and everything else by its first two
// bits, cookie and length (RFC 8489 5).
func IsCheck(b []byte) bool {
	return len(b) >= headerSTUN && b[0]>>6 == 0 && binary.BigEndian.Uint32(b[4:]) == STUNCookie
}

// STUNCookie is the second word of every STUN message (RFC 8489 5).
const STUNCookie = 0x2112a442

// ParseCheck reads a check. It accepts only messages that end with integrity and
// fingerprint, since these do not cover what follows them. Every call sends several
// checks a second, so it reads only these few messages, and fast; FuzzParseCheck
// compares it with pion/stun.
func ParseCheck(b []byte) (Check, error) {
	if !IsCheck(b) {
		return Check{}, errNoSTUN
	}
	c := Check{ID: TransactionID(b[8:headerSTUN]), Size: len(b), raw: b}
	if headerSTUN+int(binary.BigEndian.Uint16(b[2:])) != len(b) {
		return c, errSeal
	}
	a, err := readAttributes(b)
	switch {
	case err != nil:
		return c, err
	case binary.BigEndian.Uint32(b[len(b)-4:]) != crc32.ChecksumIEEE(b[:len(b)-sizeFingerprint])^fingerprintXOR:
		return c, errFingerprint
	}
	switch binary.BigEndian.Uint16(b) {
	case kindRequest:
		if c.Username = a.username; a.username == nil {
			return c, errUsername
		}
		return c, nil
	case kindSuccess:
		c.Answer = true
		return c, c.readAnswer(a)
	}
	return c, errKind
}

var kindRequest, kindSuccess = stun.BindingRequest.Value(), stun.BindingSuccess.Value()

// attributes are the values of the attributes that are used; of several of one type
// the first counts (RFC 8489 14).
type attributes struct{ username, mapped, received, sent []byte }

// readAttributes reads a message's attributes. The last two have to be integrity and
// fingerprint, and these may be nowhere else.
func readAttributes(b []byte) (a attributes, err error) {
	integrity := len(b) - integrityTail
	fingerprint := integrity + sizeIntegrity
	seals := 0
	for at := headerSTUN; at < len(b); {
		if len(b)-at < 4 {
			return a, errAttributes
		}
		kind, size := stun.AttrType(binary.BigEndian.Uint16(b[at:])), int(binary.BigEndian.Uint16(b[at+2:]))
		value := at + 4
		next := value + (size+3)&^3
		switch {
		case next > len(b):
			return a, errAttributes
		case at == integrity && kind == stun.AttrMessageIntegrity && size == sizeIntegrity-4,
			at == fingerprint && kind == stun.AttrFingerprint && size == sizeFingerprint-4:
			seals++
		case at == integrity, at == fingerprint, kind == stun.AttrMessageIntegrity, kind == stun.AttrFingerprint:
			return a, errSeal
		}
		if to := a.of(kind); to != nil && *to == nil {
			*to = b[value : value+size : value+size]
		}
		at = next
	}
	if seals != 2 {
		return a, errSeal
	}
	return a, nil
}

// of is the field for the value of an attribute, nil for others.
func (a *attributes) of(kind stun.AttrType) *[]byte {
	switch uint16(kind) {
	case uint16(stun.AttrUsername):
		return &a.username
	case uint16(stun.AttrXORMappedAddress), uint16(attrOldXORMapped):
		return &a.mapped
	case attrReceived:
		return &a.received
	case attrSent:
		return &a.sent
	}
	return nil
}

func (c *Check) readAnswer(a attributes) error {
	var ok bool
	if c.Mapped, ok = readMapped(a.mapped, c.ID); !ok {
		return errMapped
	}
	if len(a.received) != 8 || len(a.sent) != 8 {
		return errStamps
	}
	c.Received = time.Duration(binary.BigEndian.Uint64(a.received))
	c.Sent = time.Duration(binary.BigEndian.Uint64(a.sent))
	return nil
}

// readMapped reads the value of XOR-MAPPED-ADDRESS (RFC 8489 14.2).
func readMapped(value []byte, id TransactionID) (netip.AddrPort, bool) {
	if len(value) != 4+4 && len(value) != 4+16 {
		return netip.AddrPort{}, false
	}
	ip := maskOf(id)
	for i, x := range value[4:] {
		ip[i] ^= x
	}
	port := binary.BigEndian.Uint16(value[2:]) ^ STUNCookie>>16
	switch family := binary.BigEndian.Uint16(value); {
	case family == familyIPv4 && len(value) == 4+4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[:4])), port), true
	case family == familyIPv6 && len(value) == 4+16:
		return netip.AddrPortFrom(netip.AddrFrom16(ip).Unmap(), port), true
	}
	return netip.AddrPort{}, false
}

// Families of an address (RFC 8489 14.1).
const familyIPv4, familyIPv6 = 1, 2

// Authentic checks the integrity of the message against a call's credential.
func (c *Check) Authentic(k *Credential) error {
	if !k.authentic(c.raw) {
		return errIntegrity
	}
	return nil
}

// ReplySize is the size of the largest datagram that a responder sends for this
// request to an address that is not proved: its answer or its own check, never both. A
// smaller request is not answered. Headers need not be counted, since there is one
// datagram each way.
func (c *Check) ReplySize(from netip.AddrPort) int {
	mapped := 4 + 8
	if from.Addr().Unmap().Is6() {
		mapped = 4 + 20
	}
	const stamps = 2 * (4 + 8)
	name := 4 + (len(c.Username)+3)/4*4
	return headerSTUN + integrityTail + max(mapped+stamps, name)
}
