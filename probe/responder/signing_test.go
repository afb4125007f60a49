package responder

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netready/probe/facts"
	"netready/probe/internal/wire"
)

// The signing key stays the same as long as the key of the data folder does, and differs
// between responders.
func TestSigningKeyOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	first, err := LoadIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadIdentity(dir)
	if err != nil || !bytes.Equal(first.SigningKey(), second.SigningKey()) || len(first.SigningKey()) != 32 {
		t.Errorf("%x, then %x, %v", first.SigningKey(), second.SigningKey(), err)
	}
	other, err := LoadIdentity(t.TempDir())
	if err != nil || bytes.Equal(first.SigningKey(), other.SigningKey()) {
		t.Errorf("two responders have one key, %v", err)
	}
}

// In a session one result is signed, as often as the agent asks.
func TestASessionHasOneResult(t *testing.T) {
	s := &session{}
	one, two := wire.SignRequest{RunID: "1", JSON: "a", Text: "b"}, wire.SignRequest{RunID: "1", JSON: "c", Text: "b"}
	for i, ask := range []wire.SignRequest{one, one, two, one} {
		if got := s.mayBeSigned(ask); got != (ask == one) {
			t.Errorf("request %d, %+v: signed %v", i, ask, got)
		}
	}
}

// Responders that share a certificate share the signing key, whatever their data folders hold.
func TestCertificatesOwnKeySigns(t *testing.T) {
	shared, err := LoadIdentity(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(shared.Certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: shared.Certificate.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		own, err := LoadIdentity(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		with, err := own.WithFiles(cert, key)
		if err != nil || !bytes.Equal(with.SigningKey(), shared.SigningKey()) || bytes.Equal(own.SigningKey(), shared.SigningKey()) {
			t.Errorf("it signs with %x, its own is %x, the certificate's %x, %v", with.SigningKey(), own.SigningKey(), shared.SigningKey(), err)
		}
	}
}

// A run whose result was signed is not returned to the invite, though no packet of it came.
func TestSignedRunCounts(t *testing.T) {
	config := Local()
	var err error
	if config.Identity, err = LoadIdentity(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	s := start(t, config)
	c := open(t, s, request)
	session := s.find(c.Grant().Session)
	if session.lastSign() != 0 {
		t.Fatal("a session that has just begun shows a sign")
	}
	digest := strings.Repeat("0", 64)
	if _, err := c.Sign(t.Context(), strings.Repeat("A", 26), facts.Digests{JSON: digest, Text: digest}); err != nil {
		t.Fatal(err)
	}
	if session.lastSign() == 0 {
		t.Error("a session whose result was signed shows no sign: its run would be given back")
	}
}
