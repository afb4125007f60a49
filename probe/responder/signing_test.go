package responder

import (
	"bytes"
	"testing"

	"netready/probe/internal/wire"
)

// The signing key lives as long as the key of the data folder, and is no part of it.
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

// Of a session one result is signed, as often as the agent asks.
func TestASessionHasOneResult(t *testing.T) {
	s := &session{}
	one, two := wire.SignRequest{RunID: "1", JSON: "a", Text: "b"}, wire.SignRequest{RunID: "1", JSON: "c", Text: "b"}
	for i, ask := range []wire.SignRequest{one, one, two, one} {
		if got := s.mayBeSigned(ask); got != (ask == one) {
			t.Errorf("request %d, %+v: signed %v", i, ask, got)
		}
	}
}
