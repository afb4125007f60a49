//go:build system

package page_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
)

// visited is what a visit in Chromium found.
type visited struct {
	Errors, Requests, Axe []string
	Said                  map[string]string
	url, token            string
}

func visit(t *testing.T, img string) visited {
	t.Helper()
	packages, err := filepath.Abs("../../cmd/netready/page/browsertest")
	if err != nil {
		t.Fatal(err)
	}
	need.File(t, filepath.Join(packages, "node_modules/playwright-core"))
	h := start(t)
	for n := range 60 {
		h.add(t, "ACME", n)
	}
	for n := range 25 {
		h.add(t, "Globex", n)
	}
	secret, _ := h.token(t, reads(""))
	settings, err := json.Marshal(map[string]string{
		"packages": packages, "chromium": need.Tool(t, "chromium", "chromium-browser", "google-chrome"), "url": h.url, "token": secret, "img": img,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, need.Tool(t, "node"), "browser.mjs", string(settings))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := visited{url: h.url, token: secret}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// In a real browser: the link lets in once and its secret is nowhere afterwards, the form
// takes a pasted link, axe finds nothing, and nothing is asked of anybody else.
func TestSystemInABrowser(t *testing.T) {
	found := visit(t, "")
	if len(found.Errors) > 0 || len(found.Axe) > 0 {
		t.Errorf("errors %q\naxe %s", found.Errors, strings.Join(found.Axe, "\n"))
	}
	for _, url := range found.Requests {
		if !strings.HasPrefix(url, found.url+"/results") || strings.Contains(strings.Split(url, "#")[0], found.token) {
			t.Errorf("it asks for %s", url)
		}
	}
	for step, want := range map[string]string{
		"cut": "not a whole link", "address": found.url + "/results?day=2026-11-25", "cookie": "", "title": "Results of 25 November 2026",
		"filtered": " of 85", "pasted": "Results of 25 November 2026",
	} {
		if got := found.Said[step]; !strings.Contains(got, want) || want == "" && got != "" || step == "address" && got != want {
			t.Errorf("%s: it says %q, want %q", step, got, want)
		}
	}
}

// make screenshots.
func TestSystemScreenshots(t *testing.T) {
	img := os.Getenv("NETREADY_SCREENSHOTS")
	if img == "" {
		t.Skip("make screenshots makes them")
	}
	visit(t, img)
}
