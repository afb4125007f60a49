//go:build system

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
	"netready/probe/call"
)

// In a real browser: the program is saved after its checksum was verified, a damaged one is
// not saved, the invite is saved and works, the secrets are sent to nobody, and axe finds
// nothing.
func TestInvitePageInABrowser(t *testing.T) {
	node, chromium := need.Tool(t, "node"), need.Tool(t, "chromium", "chromium-browser", "google-chrome")
	packages, err := filepath.Abs("../netready/page/browsertest")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(packages, "node_modules", "playwright-core")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("playwright-core is missing: make tools installs it")
	}
	dir := t.TempDir()
	program := bytes.Repeat([]byte("netready"), 100_000)
	for _, name := range []string{"netready-linux-amd64", "netready-windows-amd64.exe"} {
		if err := os.WriteFile(filepath.Join(dir, name), program, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := begin(t, "--data", filepath.Join(t.TempDir(), "d"), "--downloads", dir)
	if err := os.WriteFile(filepath.Join(dir, "netready-windows-amd64.exe"), bytes.Repeat([]byte("NETREADY"), 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(map[string]string{"packages": packages, "chromium": chromium, "invite": strings.TrimSpace(p.invite), "dir": t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, node, "invitepage/browser.mjs", string(settings)).Output()
	if err != nil {
		var said []byte
		if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // as exec returns it
			said = exit.Stderr
		}
		t.Fatalf("%v: %s", err, said)
	}
	var found struct {
		Errors, Requests, Axe []string
		Saved, Said           map[string]string
	}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Errors) > 0 || len(found.Axe) > 0 {
		t.Errorf("errors %q, axe %q", found.Errors, found.Axe)
	}
	to := parsed(t, strings.TrimSpace(p.invite))
	for _, url := range found.Requests {
		if !strings.HasPrefix(url, "https://"+to.Host+"/i") || strings.Contains(strings.Split(url, "#")[0], to.Token) {
			t.Errorf("it asks for %s", url)
		}
	}
	if got, err := os.ReadFile(found.Saved["program"]); err != nil || !bytes.Equal(got, program) {
		t.Errorf("%d bytes were saved, %v", len(got), err)
	}
	saved, err := os.ReadFile(found.Saved["invite"])
	if err != nil || filepath.Base(found.Saved["invite"]) != "netready-invite.txt" {
		t.Errorf("%v, %v", found.Saved, err)
	}
	session, err := call.Open(t.Context(), parsed(t, strings.TrimSpace(string(saved))), call.Settings{})
	if err != nil {
		t.Fatalf("the saved invite: %v", err)
	}
	_ = session.Close()
	for step, want := range map[string]string{"open": "complete", "program": "checksum is right", "damaged": "damaged", "cut": "missing or cut short"} {
		if !strings.Contains(found.Said[step], want) {
			t.Errorf("%s: it says %q, want %q", step, found.Said[step], want)
		}
	}
}
