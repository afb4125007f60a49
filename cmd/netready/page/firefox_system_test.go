//go:build system

package page

import (
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"netready/internal/need"
)

// TestFirefox tries the main steps of the page in the other browser, from the file that
// opens it on.
func TestFirefox(t *testing.T) {
	node := need.Tool(t, "node")
	firefox := need.Tool(t, "firefox-esr", "firefox")
	needPackage(t, "puppeteer-core")
	sc := &script{dir: t.TempDir(), pace: 100 * time.Millisecond}
	for _, r := range layouts() {
		if err := save(sc.dir, r); err != nil {
			t.Fatal(err)
		}
	}
	sc.runs.Store(100) // its own have other ids
	s := serve(t, Config{Dir: sc.dir, Run: sc.run})
	launch, err := s.Launch()
	if err != nil {
		t.Fatal(err)
	}
	defer launch.Close()
	settings, err := json.Marshal(map[string]string{"url": s.URL(), "launch": launch.URL(), "dir": sc.dir, "firefox": firefox})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "firefox.mjs", string(settings))
	cmd.Dir = "browsertest"
	cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir(), "MOZ_HEADLESS=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
