package listen

import (
	"net"
	"net/netip"

	"github.com/pion/stun/v3"

	"netready/probe/internal/wire"
)

// Attributes and flags of RFC 5780 7.
const (
	attrChangeRequest = stun.AttrType(0x0003)
	changeAddress     = 0x04
	changePort        = 0x02
)

// stun answers a Binding request of a session over UDP, from another socket
// where it is asked to.
func (k *socket) stun(raw []byte, from netip.AddrPort) ([]byte, *socket) {
	m, nonce := k.set.signed(raw, from)
	if m == nil {
		return nil, k
	}
	by := k
	if change, err := m.Get(attrChangeRequest); err == nil && len(change) == 4 && change[3]&(changeAddress|changePort) != 0 {
		if by = k.other(change[3]&changeAddress != 0, change[3]&changePort != 0); by == nil {
			return nil, k
		}
	}
	var more []stun.Setter
	if o := k.other(true, true); o != nil {
		at := o.conn.LocalAddr().(*net.UDPAddr)
		more = append(more, &stun.OtherAddress{IP: at.IP, Port: at.Port})
	}
	return bindingAnswer(m, nonce, from, more), by
}

func (s *Set) stunStream(raw []byte, conn net.Conn) ([]byte, wire.KnockID) {
	m, nonce := s.signed(raw, netip.AddrPort{})
	if m == nil {
		return nil, wire.KnockID{}
	}
	from, _ := ends(conn)
	return bindingAnswer(m, nonce, from, nil), wire.KnockIDOf(nonce)
}

// signed reads a Binding request that carries a session's credentials.
func (s *Set) signed(raw []byte, from netip.AddrPort) (*stun.Message, string) {
	m := &stun.Message{Raw: append([]byte(nil), raw...)}
	if m.Decode() != nil || m.Type != stun.BindingRequest {
		return nil, ""
	}
	var user stun.Username
	if user.GetFrom(m) != nil {
		return nil, ""
	}
	id, ok := wire.ParseKnockID(user.String())
	if !ok {
		return nil, ""
	}
	nonce, ok := s.config.Nonce(id)
	if !ok || stun.NewShortTermIntegrity(nonce).Check(m) != nil || !s.config.MayAnswer.allows(id, Name(m.TransactionID[:]), from) {
		return nil, ""
	}
	return m, nonce
}

func bindingAnswer(m *stun.Message, nonce string, from netip.AddrPort, more []stun.Setter) []byte {
	setters := []stun.Setter{
		stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: from.Addr().Unmap().AsSlice(), Port: int(from.Port())},
	}
	answer, err := stun.Build(append(append(setters, more...), stun.NewShortTermIntegrity(nonce))...)
	if err != nil {
		return nil
	}
	return answer.Raw
}

// other finds a socket on another address, another port, or both. There is one
// only where the set was given two addresses.
func (k *socket) other(address, port bool) *socket {
	own := k.conn.LocalAddr().(*net.UDPAddr)
	if own.IP.IsUnspecified() {
		return nil
	}
	for _, o := range k.set.sockets {
		at := o.conn.LocalAddr().(*net.UDPAddr)
		if at.IP.Equal(own.IP) != address && (at.Port == own.Port) != port {
			return o
		}
	}
	return nil
}
