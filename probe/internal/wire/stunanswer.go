package wire

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/pion/stun/v3"
)

// A STUNAnswer is a response of a STUN or TURN server, as far as it can be read.
// Its transaction ID, 96 random bits, says whose question it answers.
type STUNAnswer struct {
	ID      [stun.TransactionIDSize]byte
	IsError bool
	Message *stun.Message // nil: the attributes cannot be read
}

// attrOldXORMapped is XOR-MAPPED-ADDRESS under the number that it had in drafts
// of RFC 5389, which servers still send.
const attrOldXORMapped = stun.AttrType(0x8020)

// ParseSTUNAnswer reads a response of any method. What matters is the header
// (RFC 8489 5): servers of RFC 3489 copy our magic cookie with the transaction
// ID, and their attributes may be of any kind.
func ParseSTUNAnswer(raw []byte) (a STUNAnswer, ok bool) {
	if !stun.IsMessage(raw) {
		return a, false
	}
	var kind stun.MessageType
	kind.ReadValue(binary.BigEndian.Uint16(raw))
	if kind.Class != stun.ClassSuccessResponse && kind.Class != stun.ClassErrorResponse {
		return a, false
	}
	copy(a.ID[:], raw[8:])
	a.IsError = kind.Class == stun.ClassErrorResponse
	m := &stun.Message{Raw: append([]byte(nil), raw...)}
	if m.Decode() == nil {
		a.Message = m
	}
	return a, true
}

// Mapped is the address that the server sees: XOR-MAPPED-ADDRESS, by its current number
// or that of the drafts, otherwise MAPPED-ADDRESS, the only one that servers of RFC 3489
// send.
func (a STUNAnswer) Mapped() (netip.AddrPort, bool) {
	if a.Message == nil {
		return netip.AddrPort{}, false
	}
	for _, number := range []stun.AttrType{stun.AttrXORMappedAddress, attrOldXORMapped} {
		var x stun.XORMappedAddress
		if x.GetFromAs(a.Message, number) == nil {
			return addrPort(x.IP, x.Port)
		}
	}
	var plain stun.MappedAddress
	if plain.GetFrom(a.Message) == nil {
		return addrPort(plain.IP, plain.Port)
	}
	return netip.AddrPort{}, false
}

// Signed reports whether the answer has the integrity of a short-term password.
func (a STUNAnswer) Signed(password string) bool {
	return a.Message != nil && stun.NewShortTermIntegrity(password).Check(a.Message) == nil
}

func addrPort(ip net.IP, port int) (netip.AddrPort, bool) {
	a, ok := netip.AddrFromSlice(ip)
	if !ok || a.IsUnspecified() {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port)), true
}
