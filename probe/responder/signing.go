package responder

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/wire"
	"netready/results"
)

// signerOf derives the key that results are signed with from the key of the
// certificate (HKDF, RFC 5869): it lives as long, needs no file of its own, and
// responders that share the one share the other. Its ID never begins with "-",
// which a command line would take for a flag (netready verify --key ID).
func signerOf(key crypto.PrivateKey) (ed25519.PrivateKey, error) {
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("making the signing key: %w", err)
	}
	for purpose := "netready result signing 1"; ; purpose += "." {
		seed, err := hkdf.Key(sha256.New, secret, nil, purpose, ed25519.SeedSize)
		if err != nil {
			return nil, fmt.Errorf("making the signing key: %w", err)
		}
		signer := ed25519.NewKeyFromSeed(seed)
		if id := facts.KeyID(signer.Public().(ed25519.PublicKey)); !strings.HasPrefix(id, "-") {
			return signer, nil
		}
	}
}

// SigningKey is the public key that this responder signs results with.
func (i Identity) SigningKey() ed25519.PublicKey {
	if i.signer == nil {
		return nil
	}
	return i.signer.Public().(ed25519.PublicKey)
}

// SigningKey is the public key that the results of this responder are signed with.
func (s *Server) SigningKey() []byte { return s.now.Load().identity.SigningKey() }

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// sign signs what the agent says its result is, with what the responder itself
// counted beside it. A session has one result.
func (s *Server) sign(w http.ResponseWriter, r *http.Request, session *session) {
	var request wire.SignRequest
	if !decode(w, r, &request) {
		return
	}
	if !results.IsRunID(request.RunID) || !digestForm.MatchString(request.JSON) || !digestForm.MatchString(request.Text) {
		refuse(w, http.StatusBadRequest, wire.CodeRequest, "give a run ID and two SHA-256 digests in hex")
		return
	}
	session.showSign() // a run whose result is signed counts
	if !session.mayBeSigned(request) {
		refuse(w, http.StatusConflict, wire.CodeRequest, "another result of this session has been signed")
		return
	}
	signer := s.now.Load().identity.signer
	if signer == nil {
		refuse(w, http.StatusNotImplemented, wire.CodeRequest, "this responder has no key to sign with")
		return
	}
	signature := facts.Signature{
		SignedAt: time.Now().UTC().Format(time.RFC3339), UpPackets: session.upPackets(), JSON: request.JSON, Text: request.Text,
	}
	value := ed25519.Sign(signer, signature.Statement(request.RunID))
	answer(w, http.StatusOK, wire.SignAnswer{
		SignedAt: signature.SignedAt, UpPackets: signature.UpPackets, Value: base64.RawURLEncoding.EncodeToString(value),
		Holder: base64.RawURLEncoding.EncodeToString(ed25519.Sign(signer, facts.HolderStatement(request.RunID, session.holder.org))),
	})
}

// mayBeSigned takes the session's first result, and that one once more where an
// answer was lost.
func (s *session) mayBeSigned(r wire.SignRequest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signed == (wire.SignRequest{}) {
		s.signed = r
	}
	return s.signed == r
}

// upPackets counts the packets of the way up of all calls, duplicates too.
func (s *session) upPackets() (n int64) {
	for _, c := range s.calls {
		c.mu.Lock()
		n += c.up.counted
		c.mu.Unlock()
	}
	return n
}
