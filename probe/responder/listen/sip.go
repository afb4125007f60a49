package listen

import (
	"bufio"
	"bytes"
	"errors"
	"net/netip"

	"github.com/emiago/sipgo/sip"

	"netready/probe/internal/wire"
)

// isSIP reports whether a message begins as an OPTIONS request does.
func isSIP(b []byte) bool { return bytes.HasPrefix(b, []byte("OPTIONS ")) }

// sip answers an OPTIONS request of a session, and says in the answer how it arrived.
func (s *Set) sip(raw []byte, source string, from netip.AddrPort) ([]byte, wire.KnockID) {
	m, err := sip.NewParser().ParseSIP(raw)
	if err != nil {
		return nil, wire.KnockID{}
	}
	r, ok := m.(*sip.Request)
	if !ok || r.CallID() == nil || r.Via() == nil || r.From() == nil || r.To() == nil || r.CSeq() == nil {
		return nil, wire.KnockID{}
	}
	ask := r.GetHeader(wire.SIPAsk)
	if ask == nil {
		return nil, wire.KnockID{}
	}
	callID := r.CallID().Value()
	nonce, ok := wire.ParseSIPQuestion(ask.Value(), callID, s.config.Nonce)
	if !ok {
		return nil, wire.KnockID{}
	}
	id := wire.KnockIDOf(nonce)
	if !s.config.MayAnswer.allows(id, Name([]byte(callID)), from) {
		return nil, wire.KnockID{}
	}
	r.SetSource(source)
	answer := sip.NewResponseFromRequest(r, sip.StatusOK, "OK", nil)
	answer.AppendHeader(sip.NewHeader(wire.SIPAnswer, wire.SIPReply(nonce, callID, raw)))
	return []byte(answer.String()), id
}

// readSIP reads one request without a body from a stream.
func readSIP(r *bufio.Reader) ([]byte, error) {
	var b []byte
	for len(b) < 4096 {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		b = append(b, line...)
		if len(bytes.TrimSpace(line)) == 0 {
			return b, nil
		}
	}
	return nil, errors.New("a SIP message of more than 4096 bytes")
}
