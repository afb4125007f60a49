package listen

import (
	"bufio"
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"

	"netready/probe/internal/wire"
)

// isSIP reports whether a message begins as an OPTIONS request does.
func isSIP(b []byte) bool { return bytes.HasPrefix(b, []byte("OPTIONS ")) }

// sip answers an OPTIONS request of a session, keeps the message as it
// arrived, and says in the answer what it was.
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
	s.heard.keep(id, callID, raw)
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

// messages are the SIP messages of the sessions, as they arrived.
type messages struct {
	mu  sync.Mutex // guards the rest
	all map[wire.KnockID][]message
}

// message is one as it arrived.
type message struct {
	callID string
	raw    []byte
}

// Bounds on what is kept.
const (
	maxMessages = 8
	maxKept     = 4096
)

func (m *messages) keep(id wire.KnockID, callID string, raw []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[wire.KnockID][]message{}
	}
	kept := m.all[id]
	// Of repeated messages only the first is kept: later copies may be anybody's.
	again := slices.ContainsFunc(kept, func(k message) bool { return k.callID == callID })
	if again || len(kept) >= maxMessages || kept == nil && len(m.all) >= maxKept {
		return
	}
	m.all[id] = append(kept, message{strings.Clone(callID), bytes.Clone(raw)})
}

func (m *messages) of(id wire.KnockID) [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	var raw [][]byte
	for _, k := range m.all[id] {
		raw = append(raw, k.raw)
	}
	return raw
}

func (m *messages) forget(id wire.KnockID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, id)
}
