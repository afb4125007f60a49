package responder

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"slices"
	"time"

	"netready/probe/responder/share"
)

// vouch is what the responder shows and accepts now. A reload puts another one
// in its place.
type vouch struct {
	identity Identity
	limits   Limits
	hashes   [][sha256.Size]byte // of the tokens
}

func newVouch(i Identity, l Limits) *vouch {
	v := &vouch{identity: i, limits: l.withDefaults()}
	for _, token := range append([]string{i.Token}, i.Others...) {
		v.hashes = append(v.hashes, sha256.Sum256([]byte(token)))
	}
	return v
}

// shares are what the limits come to for one token, one address, one prefix
// and all, where there are so many tokens beside the responder's own, and this
// host can carry so many packets a second.
func (v *vouch) shares(further, room int) share.Shares {
	l := v.limits
	room = min(room, l.PacketRate)
	shares := share.Divide(share.Cost{Packets: room, Sessions: l.Sessions}, len(v.hashes)+further)
	shares.Address.Packets = min(room, l.PerAddress*usualCall)
	shares.Prefix.Packets = max(shares.Prefix.Packets, shares.Address.Packets)
	return shares
}

// share divides what there is anew.
func (s *Server) share() {
	further := 0
	if s.config.Tokens != nil {
		further = s.config.Tokens.Count(time.Now())
	}
	v := s.now.Load()
	s.ledger.Set(v.shares(further, s.room.most(v.limits.PacketRate)))
}

// Reload takes another identity and other limits into use, and says in words
// what is different. Sessions under way go on as they were granted.
func (s *Server) Reload(i Identity, l Limits) (changes []string) {
	before, now := s.now.Load(), newVouch(i, l)
	s.now.Store(now)
	s.share()
	old, renewed := before.identity.Certificate, i.Certificate
	switch {
	case !slices.ContainsFunc(i.Pins(), func(pin []byte) bool { return bytes.Equal(pin, before.identity.Pin()) }):
		changes = append(changes, "another key: the invites handed out so far are no longer valid")
	case (!i.own || !before.identity.own) && !bytes.Equal(old.Leaf.Raw, renewed.Leaf.Raw):
		changes = append(changes, fmt.Sprintf("another certificate, valid until %s", renewed.Leaf.NotAfter.UTC().Format("2006-01-02")))
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

// authorityProtocol is what an authority speaks that checks who holds a name over
// TLS (RFC 8737 6.2).
const authorityProtocol = "acme-tls/1"

// certificate is the one that is shown now.
func (s *Server) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.config.Challenge != nil && slices.Contains(hello.SupportedProtos, authorityProtocol) {
		return s.config.Challenge(hello)
	}
	return &s.now.Load().identity.Certificate, nil
}
