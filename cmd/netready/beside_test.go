package main

import (
	"os"
	"path/filepath"
	"testing"
)

// An invite that lies beside the program is taken without being pasted; a folder of
// that name, or none, is no invite.
func TestInviteBesideTheProgram(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "netready-invite.txt")
	if got := inviteBeside(dir); got != "" {
		t.Errorf("nothing is there: %q", got)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := inviteBeside(dir); got != "" {
		t.Errorf("a folder: %q", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("https://h.example.com/i#…\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := inviteBeside(dir); got != "@"+path {
		t.Errorf("got %q", got)
	}
	if got := inviteBeside(""); got != "" {
		t.Errorf("no folder is known: %q", got)
	}
}
