package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"netready/internal/atomicfile"
	"netready/probe/invite"
)

// reachable is how agents reach the responder of a data folder. The running responder writes
// it there, for the command that makes invites. It contains no secret.
type reachable struct {
	Host string   `json:"host"` // host:port
	Pins []string `json:"pins"` // base64url, as in an invite
}

const reachableFile = "reachable.json"

// tellReachable writes how agents reach the responder now.
func (s *service) tellReachable() error {
	to := s.server.Invite()
	r := reachable{Host: to.Host}
	for _, pin := range to.Pins {
		r.Pins = append(r.Pins, base64.RawURLEncoding.EncodeToString(pin))
	}
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("writing how agents reach the responder: %w", err)
	}
	b = append(b, '\n')
	path := filepath.Join(s.now.Data, reachableFile)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, b) {
		return nil
	}
	if err := atomicfile.Private(path, b); err != nil {
		return fmt.Errorf("storing how agents reach the responder: %w; make room in the data folder, or choose another one with --data", err)
	}
	return nil
}

// readReachable is an invite without a token, to the responder of a data folder.
func readReachable(dir string) (invite.Invite, error) {
	path := filepath.Join(dir, reachableFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return invite.Invite{}, fmt.Errorf("no responder has run with the data folder %s yet: start one with it first, or name another folder with --data", dir)
	}
	if err != nil {
		return invite.Invite{}, fmt.Errorf("reading how agents reach the responder: %w", err)
	}
	var r reachable
	err = json.Unmarshal(b, &r)
	to := invite.Invite{Host: r.Host}
	for _, text := range r.Pins {
		pin, perr := base64.RawURLEncoding.DecodeString(text)
		err = errors.Join(err, perr)
		to.Pins = append(to.Pins, pin)
	}
	if err != nil || invite.CheckHost(to.Host) != nil || len(to.Pins) == 0 {
		return to, fmt.Errorf("reading %s: it is damaged; restart the responder, which writes it again", path)
	}
	return to, nil
}
