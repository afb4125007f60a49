//go:build system

package page

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"netready/internal/need"
)

// browse runs one scenario of browsertest/page.mjs in Chromium.
func browse(tb testing.TB, scenario string, s *Server, more map[string]string) string {
	tb.Helper()
	node := need.Tool(tb, "node")
	chromium := need.Tool(tb, "chromium", "chromium-browser", "google-chrome")
	if _, err := os.Stat("browsertest/node_modules/playwright-core"); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal("browsertest/node_modules is missing: make tools installs it")
		}
		tb.Skip("browsertest/node_modules is missing: make tools installs it")
	}
	given := map[string]string{"url": s.URL(), "dir": s.cfg.Dir, "chromium": chromium, "downloads": tb.TempDir()}
	maps.Copy(given, more)
	settings, err := json.Marshal(given)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "page.mjs", scenario, string(settings))
	cmd.Dir = "browsertest"
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", scenario, err, out)
	}
	return string(out)
}

func TestBrowser(t *testing.T) {
	quick, slow := 20*time.Millisecond, 150*time.Millisecond
	for _, test := range []struct {
		scenario string
		script   *script
		cfg      Config
	}{
		{"whole", &script{pace: quick}, Config{}},
		{"stop", &script{pace: slow}, Config{}},
		{"dying", &script{pace: quick, dies: 14}, Config{}},
		{"failing", &script{fails: "the invite https://responder.example.net:443/i#SECRETSECRET.PINPIN was refused"}, Config{Invite: "https://responder.example.net:443/i#SECRETSECRET.PINPIN"}},
		{"tabs", &script{pace: slow}, Config{}},
		{"reload", &script{pace: slow}, Config{}},
		{"keyboard", &script{pace: quick}, Config{}},
		{"hostile", &script{pace: quick, bad: true}, Config{}},
		{"accessible", &script{pace: slow, bad: true}, Config{}},
		{"remembered", &script{pace: quick}, Config{}},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			test.cfg.Dir, test.cfg.Remember = t.TempDir(), filepath.Join(t.TempDir(), "page.json")
			test.script.dir = test.cfg.Dir
			test.cfg.Run = test.script.run
			test.cfg.Measure = func(context.Context) (map[string]float64, error) {
				return map[string]float64{"eu-central-1": 21.3, "us-east-1": 94}, nil
			}
			t.Log(browse(t, test.scenario, serve(t, test.cfg), nil))
		})
	}
}

// TestScreenshots makes the pictures of docs/img when it is asked to.
func TestScreenshots(t *testing.T) {
	if os.Getenv("NETREADY_SCREENSHOTS") == "" {
		t.Skip("make screenshots makes them")
	}
	img, err := filepath.Abs("../../../docs/img")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		name string
		bad  bool
	}{{"ready", false}, {"not-ready", true}} {
		dir := t.TempDir()
		s := script{dir: dir, pace: 200 * time.Millisecond, bad: kind.bad}
		// The folder's name is in the picture.
		server := serve(t, Config{Dir: dir, Run: s.run, Version: "v1.0.0", Measure: func(context.Context) (map[string]float64, error) { return nil, nil }})
		t.Log(browse(t, "screenshots", server, map[string]string{"img": img, "kind": kind.name}))
	}
}
