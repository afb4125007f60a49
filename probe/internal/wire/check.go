package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/stun/v3"
)

// checkPadding is the length of the PADDING (RFC 5780 7.6) in the agent's
// checks. A responder's answer to an IPv6 address has some 30 bytes more than a
// bare check; older responders send their own check with it, 100 bytes more, and
// are silent to less.
const checkPadding = 96

// integrityTail is what ends every check: MESSAGE-INTEGRITY, then FINGERPRINT.
const integrityTail = 4 + 20 + 4 + 4

// TransactionID is that of a STUN message, RFC 8489 5.
type TransactionID = [stun.TransactionIDSize]byte

// NewTransactionID draws one.
func NewTransactionID() TransactionID { return stun.NewTransactionID() }

// ErrCheck is wrapped by all that ParseCheck and Authentic refuse.
var ErrCheck = errors.New("not a check of this call")

// A Check is a STUN Binding request or the answer to one, as it came in.
// Nothing of it may be believed before Authentic said so.
type Check struct {
	ID       TransactionID
	Answer   bool           // a success response
	Username string         // of a request
	Mapped   netip.AddrPort // of an answer: where the request came from
	Received time.Duration  // of an answer: when the request arrived, the answerer's clock
	Sent     time.Duration  // of an answer: when it left
	Size     int            // bytes of the datagram

	message stun.Message
}

// IsCheck tells a STUN message from RTP and all else by its first two bits,
// cookie and length (RFC 8489 5).
func IsCheck(b []byte) bool {
	return len(b) >= 20 && b[0]>>6 == 0 && stun.IsMessage(b)
}

// STUNCookie is the second word of every STUN message (RFC 8489 5).
const STUNCookie = 0x2112a442

// Padding makes a question larger than its answer.
func Padding() stun.RawAttribute {
	return stun.RawAttribute{Type: stun.AttrPadding, Value: make([]byte, checkPadding)}
}

// AskPadded makes the agent's check: a Binding request larger than whatever the
// responder sends for it, so that nobody gains by having the responder shout at
// a stranger.
func AskPadded(id TransactionID, username, password string) ([]byte, error) {
	return seal(id, stun.BindingRequest, password, stun.NewUsername(username), Padding())
}

// Ask makes the responder's check, without padding: it goes to an address that
// has just sent more.
func Ask(id TransactionID, username, password string) ([]byte, error) {
	return seal(id, stun.BindingRequest, password, stun.NewUsername(username))
}

// Answer makes the answer to a request that came from an address, with the
// stamps of its arrival and of this answer's departure.
func Answer(id TransactionID, from netip.AddrPort, received, sent time.Duration, password string) ([]byte, error) {
	addr := from.Addr().Unmap()
	return seal(id, stun.BindingSuccess, password,
		&stun.XORMappedAddress{IP: addr.AsSlice(), Port: int(from.Port())},
		stamped(AttrReceived, received), stamped(AttrSent, sent))
}

func stamped(t stun.AttrType, at time.Duration) stun.RawAttribute {
	return stun.RawAttribute{Type: t, Value: binary.BigEndian.AppendUint64(nil, uint64(at))}
}

// seal builds a message that ends with MESSAGE-INTEGRITY and FINGERPRINT.
func seal(id TransactionID, kind stun.MessageType, password string, attributes ...stun.Setter) ([]byte, error) {
	m := &stun.Message{TransactionID: id}
	setters := append([]stun.Setter{kind}, attributes...)
	setters = append(setters, stun.NewShortTermIntegrity(password), stun.Fingerprint)
	if err := m.Build(setters...); err != nil {
		return nil, fmt.Errorf("building a check: %w", err)
	}
	return m.Raw, nil
}

// ParseCheck reads a check. It keeps no part of b. Only messages of our own
// shape pass: integrity and fingerprint last, since nothing covers what
// follows them.
func ParseCheck(b []byte) (*Check, error) {
	if !IsCheck(b) {
		return nil, fmt.Errorf("%w: no STUN message", ErrCheck)
	}
	c := &Check{Size: len(b)}
	m := &c.message
	if err := stun.Decode(b, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheck, err)
	}
	if 20+int(m.Length) != len(b) || !sealed(m.Attributes) {
		return nil, fmt.Errorf("%w: does not end with integrity and fingerprint", ErrCheck)
	}
	if err := stun.Fingerprint.Check(m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheck, err)
	}
	c.ID = m.TransactionID
	switch m.Type {
	case stun.BindingRequest:
		return c, c.readRequest()
	case stun.BindingSuccess:
		c.Answer = true
		return c, c.readAnswer()
	}
	return nil, fmt.Errorf("%w: a %s", ErrCheck, m.Type)
}

// sealed tells whether integrity and fingerprint, of their right size, are the
// last two attributes and there only.
func sealed(attributes stun.Attributes) bool {
	n := len(attributes)
	for i, a := range attributes {
		if a.Type == stun.AttrMessageIntegrity && (i != n-2 || a.Length != 20) ||
			a.Type == stun.AttrFingerprint && (i != n-1 || a.Length != 4) {
			return false
		}
	}
	return n >= 2 && attributes[n-2].Type == stun.AttrMessageIntegrity && attributes[n-1].Type == stun.AttrFingerprint
}

func (c *Check) readRequest() error {
	var name stun.Username
	if err := name.GetFrom(&c.message); err != nil {
		return fmt.Errorf("%w: a request without a username", ErrCheck)
	}
	c.Username = name.String()
	return nil
}

func (c *Check) readAnswer() error {
	var mapped stun.XORMappedAddress
	if err := mapped.GetFrom(&c.message); err != nil {
		return fmt.Errorf("%w: an answer without an address: %w", ErrCheck, err)
	}
	addr, ok := netip.AddrFromSlice(mapped.IP)
	if !ok || mapped.Port < 0 || mapped.Port > 65535 {
		return fmt.Errorf("%w: an answer with a bad address", ErrCheck)
	}
	c.Mapped = netip.AddrPortFrom(addr.Unmap(), uint16(mapped.Port))
	var err error
	if c.Received, err = c.stamp(AttrReceived); err != nil {
		return err
	}
	c.Sent, err = c.stamp(AttrSent)
	return err
}

func (c *Check) stamp(t stun.AttrType) (time.Duration, error) {
	v, err := c.message.Get(t)
	if err != nil || len(v) != 8 {
		return 0, fmt.Errorf("%w: an answer without its stamps", ErrCheck)
	}
	return time.Duration(binary.BigEndian.Uint64(v)), nil
}

// Authentic checks the integrity of the message against a call's password
// (short-term credential, RFC 8489 9.1).
func (c *Check) Authentic(password string) error {
	if err := stun.NewShortTermIntegrity(password).Check(&c.message); err != nil {
		return fmt.Errorf("%w: %w", ErrCheck, err)
	}
	return nil
}

// ReplySize is the largest datagram that a responder sends for this request to
// an address that is not proved: its answer or its own check, one of the two. A
// request that is smaller deserves silence. Headers weigh the same both ways,
// since datagrams are as many.
func (c *Check) ReplySize(from netip.AddrPort) int {
	mapped := 4 + 8
	if from.Addr().Unmap().Is6() {
		mapped = 4 + 20
	}
	const stamps = 2 * (4 + 8)
	name := 4 + (len(c.Username)+3)/4*4
	return 20 + integrityTail + max(mapped+stamps, name)
}
