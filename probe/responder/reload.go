package responder

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"slices"
	"time"

	"netready/probe/responder/share"

	"netready/probe/facts"
)

// settings are what the responder shows and accepts now. A reload replaces them.
type settings struct {
	identity Identity
	limits   Limits
	hashes   [][sha256.Size]byte // of the tokens
}

func newSettings(i Identity, l Limits) *settings {
	v := &settings{identity: i, limits: l.withDefaults()}
	for _, token := range append([]string{i.Token}, i.Others...) {
		v.hashes = append(v.hashes, sha256.Sum256([]byte(token)))
	}
	return v
}

// shares are the limits for one token, one address, one prefix and all, with so many
// tokens in addition to the responder's own, and so many packets a second that this host
// can carry.
func (v *settings) shares(further, room int) share.Shares {
	l := v.limits
	room = min(room, l.PacketRate)
	shares := share.Divide(share.Cost{Packets: room, Sessions: l.Sessions}, len(v.hashes)+further)
	shares.Address.Packets = min(room, l.PerAddress*usualCall)
	shares.Prefix.Packets = max(shares.Prefix.Packets, shares.Address.Packets)
	return shares
}

// share sets the shares by the present tokens and room.
func (s *Server) share() {
	further := 0
	if s.config.Tokens != nil {
		further = s.config.Tokens.Count(time.Now())
	}
	v := s.now.Load()
	s.ledger.Set(v.shares(further, s.room.most(v.limits.PacketRate)))
}

// Reload uses another identity and other limits from now on, and says in words what has
// changed. Present sessions continue as they were granted.
func (s *Server) Reload(i Identity, l Limits) (changes []string) {
	before, now := s.now.Load(), newSettings(i, l)
	s.now.Store(now)
	s.share()
	old, renewed := before.identity.Certificate, i.Certificate
	switch {
	case !slices.ContainsFunc(i.Pins(), func(pin []byte) bool { return bytes.Equal(pin, before.identity.Pin()) }):
		changes = append(changes, "another key: the invites handed out so far are no longer valid")
	case (!i.own || !before.identity.own) && !bytes.Equal(old.Leaf.Raw, renewed.Leaf.Raw):
		changes = append(changes, fmt.Sprintf("another certificate, valid until %s", renewed.Leaf.NotAfter.UTC().Format("2006-01-02")))
	}
	if key := i.SigningKey(); key != nil && !bytes.Equal(before.identity.SigningKey(), key) {
		changes = append(changes, "another key signs the results: "+facts.KeyID(key))
	}
	if before.identity.Token != i.Token {
		changes = append(changes, "another token in the invite")
	}
	if !slices.Equal(before.hashes, now.hashes) {
		changes = append(changes, fmt.Sprintf("the tokens that are accepted: %d, before %d", len(now.hashes), len(before.hashes)))
	}
	if before.limits != now.limits {
		changes = append(changes, "other limits")
	}
	return changes
}

// authorityProtocol is the protocol of an authority that checks over TLS who owns a name
// (RFC 8737 6.2).
const authorityProtocol = "acme-tls/1"

// certificate is the one that is shown now.
func (s *Server) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.config.Challenge != nil && slices.Contains(hello.SupportedProtos, authorityProtocol) {
		return s.config.Challenge(hello)
	}
	return &s.now.Load().identity.Certificate, nil
}
