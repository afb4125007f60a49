package control

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/wire"
)

// Signs tells whether the responder signs results.
func (c *Client) Signs() bool { return len(c.grant.SigningKey) == ed25519.PublicKeySize }

// Sign asks the responder to sign a result, and checks that the signature is valid and
// made with the key that the session began with.
func (c *Client) Sign(ctx context.Context, runID string, digests facts.Digests) (facts.Signature, error) {
	var given wire.SignAnswer
	if err := c.post(ctx, c.path(wire.PathSign), wire.SignRequest{RunID: runID, JSON: digests.JSON, Text: digests.Text}, &given); err != nil {
		return facts.Signature{}, fmt.Errorf("asking the responder to sign the result: %w", err)
	}
	s := facts.Signature{
		KeyID: facts.KeyID(c.grant.SigningKey), Key: base64.RawURLEncoding.EncodeToString(c.grant.SigningKey),
		SignedAt: given.SignedAt, UpPackets: given.UpPackets, JSON: digests.JSON, Text: digests.Text, Value: given.Value,
	}
	value, err := base64.RawURLEncoding.DecodeString(s.Value)
	if _, badTime := time.Parse(time.RFC3339, s.SignedAt); err != nil || badTime != nil || s.UpPackets < 0 ||
		!ed25519.Verify(ed25519.PublicKey(c.grant.SigningKey), s.Statement(runID), value) {
		return facts.Signature{}, errors.New("asking the responder to sign the result: its signature is not valid")
	}
	if h, err := base64.RawURLEncoding.DecodeString(given.Holder); err == nil && len(h) == ed25519.SignatureSize {
		s.Holder = given.Holder
	}
	return s, nil
}
