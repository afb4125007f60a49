package wire

import (
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/netip"
	"time"

	"github.com/pion/stun/v3"
)

// A Credential makes and verifies the checks of one call: its short-term credential,
// RFC 8489 9.1. Any goroutine may use it.
type Credential struct {
	username []byte
	key      mac
}

// NewCredential prepares the checks of a call.
func NewCredential(username, password string) (*Credential, error) {
	if len(username) > maxUsername {
		return nil, fmt.Errorf("a STUN username of %d bytes: at most %d", len(username), maxUsername)
	}
	return &Credential{username: []byte(username), key: newMAC(sha1Pool, []byte(password))}, nil
}

// Credential is the credential of the call's checks.
func (g CallGrant) Credential() (*Credential, error) { return NewCredential(g.Username, g.Password) }

// maxUsername is the bound of RFC 8489 14.3, bytes.
const maxUsername = 508

// AskPadded appends the agent's check: a Binding request that is larger than anything
// the responder sends for it, so that the responder cannot be used to amplify traffic.
func (k *Credential) AskPadded(b []byte, id TransactionID) []byte {
	m := begin(b, stun.BindingRequest, id).attribute(stun.AttrUsername, k.username).attribute(stun.AttrPadding, padding[:])
	return append(b, k.seal(m)...)
}

// Ask appends the responder's check, without padding: it goes to an address that
// has just sent more.
func (k *Credential) Ask(b []byte, id TransactionID) []byte {
	m := begin(b, stun.BindingRequest, id).attribute(stun.AttrUsername, k.username)
	return append(b, k.seal(m)...)
}

// Answer appends the answer to a request that came from an address, with the
// stamps of its arrival and of this answer's departure.
func (k *Credential) Answer(b []byte, id TransactionID, from netip.AddrPort, received, sent time.Duration) []byte {
	m := begin(b, stun.BindingSuccess, id).mapped(id, from).stamp(attrReceived, received).stamp(attrSent, sent)
	return append(b, k.seal(m)...)
}

// A message is a STUN message that is being written.
type message []byte

// begin writes the head of a message into the room behind b.
func begin(b []byte, kind stun.MessageType, id TransactionID) message {
	m := binary.BigEndian.AppendUint16(b[len(b):], kind.Value())
	m = append(m, 0, 0) // the length, see seal
	m = binary.BigEndian.AppendUint32(m, STUNCookie)
	return append(m, id[:]...)
}

func (m message) head(t stun.AttrType, size int) message {
	m = binary.BigEndian.AppendUint16(m, uint16(t))
	return binary.BigEndian.AppendUint16(m, uint16(size))
}

func (m message) attribute(t stun.AttrType, value []byte) message {
	m = append(m.head(t, len(value)), value...)
	return append(m, "\x00\x00\x00"[:-len(value)&3]...)
}

func (m message) stamp(t stun.AttrType, at time.Duration) message {
	return binary.BigEndian.AppendUint64(m.head(t, 8), uint64(at))
}

// mapped writes XOR-MAPPED-ADDRESS (RFC 8489 14.2).
func (m message) mapped(id TransactionID, from netip.AddrPort) message {
	addr := from.Addr().Unmap()
	family, size := uint16(familyIPv4), 4
	if addr.Is6() {
		family, size = familyIPv6, 16
	}
	m = m.head(stun.AttrXORMappedAddress, 4+size)
	m = binary.BigEndian.AppendUint16(m, family)
	m = binary.BigEndian.AppendUint16(m, from.Port()^STUNCookie>>16)
	ip, mask := addr.As16(), maskOf(id)
	for i, x := range ip[16-size:] {
		m = append(m, x^mask[i])
	}
	return m
}

// maskOf is what an address is XORed with: the cookie, then the transaction.
func maskOf(id TransactionID) (mask [16]byte) {
	binary.BigEndian.PutUint32(mask[:], STUNCookie)
	copy(mask[4:], id[:])
	return mask
}

// seal ends a message with MESSAGE-INTEGRITY (RFC 8489 14.5) and FINGERPRINT
// (14.7), each of which covers a length that includes itself.
func (k *Credential) seal(m message) message {
	length := func(further int) {
		binary.BigEndian.PutUint16(m[2:], uint16(len(m)-headerSTUN+further))
	}
	length(sizeIntegrity)
	covered := len(m)
	m = append(m.head(stun.AttrMessageIntegrity, sizeIntegrity-4), make([]byte, sizeIntegrity-4)...)
	k.key.put(m[covered+4:], m[:covered])
	length(sizeFingerprint)
	sum := crc32.ChecksumIEEE(m) ^ fingerprintXOR
	return binary.BigEndian.AppendUint32(m.head(stun.AttrFingerprint, sizeFingerprint-4), sum)
}

// authentic checks the integrity of a message that ParseCheck read.
func (k *Credential) authentic(b []byte) bool {
	h := k.key.borrow()
	defer k.key.giveBack(h)
	head := append(h.head[:0], b[:headerSTUN]...)
	binary.BigEndian.PutUint16(head[2:], uint16(len(b)-headerSTUN-sizeFingerprint))
	end := len(b) - sizeFingerprint - sizeIntegrity
	return hmac.Equal(k.key.of(h, head, b[headerSTUN:end]), b[end+4:end+sizeIntegrity])
}
