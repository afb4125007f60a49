package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"netready/internal/seed"
	"netready/probe/invite"
)

// asked makes a request as a browser does, which takes any certificate here.
func asked(t *testing.T, to invite.Invite, path, token string) (*http.Response, []byte) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, "https://"+to.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, b
}

// The invite opens a page that says what is tested. Holders of an invite get the programs
// of a folder from it, byte for byte, and others get nothing. The page contains no secret
// and loads nothing from elsewhere.
func TestInviteOpensAPage(t *testing.T) {
	dir := t.TempDir()
	random := rand.NewChaCha8([32]byte{byte(seed.Of(t))})
	programs := map[string][]byte{}
	for _, name := range []string{"netready-windows-amd64.exe", "netready_v2_Darwin_arm64", "netready-linux-x86_64"} {
		b := make([]byte, 300_000)
		_, _ = random.Read(b)
		programs[name] = b
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"netready-responder-linux-amd64", "secret.txt", "netready-notes-linux", "netready <b>linux amd64"} {
		_ = os.WriteFile(filepath.Join(dir, name), []byte("not for strangers"), 0o600)
	}
	p := begin(t, "--data", filepath.Join(t.TempDir(), "d"), "--downloads", dir, "--region", "test-1")
	to := parsed(t, strings.TrimSpace(p.invite))
	resp, page := asked(t, to, "/i", "")
	text := string(page)
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%s %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
		resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", resp.Header)
	}
	for _, want := range []string{`<html lang="en">`, "<h1>", `role="status"`, `href="#main"`, to.Host, "test-1", "What is tested and sent", "Windows, amd64", "macOS, arm64", "Linux, amd64"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, not := range []string{to.Token, "secret.txt", "netready-responder-linux", "netready-notes", "<b>", " src=", "@import", "<link"} {
		if strings.Contains(text, not) {
			t.Errorf("the page has %q", not)
		}
	}
	if foreign := regexp.MustCompile(`https?://[a-z]+`).FindString(text); foreign != "" {
		t.Errorf("the page names another host: %s", foreign)
	}
	for name, want := range programs {
		if !strings.Contains(text, fmt.Sprintf("%x", sha256.Sum256(want))) {
			t.Errorf("the page has no checksum of %s", name)
		}
		resp, got := asked(t, to, "/i/files/"+name, to.Token)
		if resp.StatusCode != http.StatusOK || !bytes.Equal(got, want) || !strings.Contains(resp.Header.Get("Content-Disposition"), name) {
			t.Errorf("%s: %s, %d bytes", name, resp.Status, len(got))
		}
		if resp, _ := asked(t, to, "/i/files/"+name, ""); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s to a stranger: %s", name, resp.Status)
		}
	}
	for _, path := range []string{"/i/files/secret.txt", "/i/files/..%2fresponder.key", "/i/files/", "/i/files/netready-responder-linux-amd64"} {
		if resp, b := asked(t, to, path, to.Token); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s %.40s", path, resp.Status, b)
		}
	}
}

// A folder without a program is refused at the start.
func TestDownloadsRefused(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		_, said, status := does(t, "--control", "127.0.0.1:0", "--media", "127.0.0.1:0", "--ports", "none", "--data", filepath.Join(t.TempDir(), "d"), "--downloads", dir)
		if status != 2 || !strings.Contains(said, "--downloads") || strings.Count(said, "\n") != 1 {
			t.Errorf("%d %q", status, said)
		}
	}
}
