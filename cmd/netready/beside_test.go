package main

import (
	"os"
	"path/filepath"
	"testing"
)

// An invite in a file beside the program is used without being pasted; a folder of that
// name is not an invite, and a missing file is not an error.
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
