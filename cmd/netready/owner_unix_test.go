//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netready/internal/need"
)

// In a folder that everybody may write to, a settings file of another user is not used.
func TestSettingsOfAnotherUserAreNotUsed(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, settingsName)
	if err := os.WriteFile(path, []byte("location: Berlin\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if isOfAnotherUser(path) {
		t.Error("a file of this user's own is taken for somebody else's")
	}
	if err := os.Chown(path, 61234, -1); err != nil {
		need.Root(t) // nobody else can give a file away
		t.Fatal(err)
	}
	if _, err := loadSettings(nil, "", folder, machine{}); err == nil || !strings.Contains(err.Error(), "another user") {
		t.Errorf("it is used: %v", err)
	}
}
