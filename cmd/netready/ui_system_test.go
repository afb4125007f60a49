//go:build system

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
)

// The whole way without any stand-in: netready ui, a real browser, a real call in region
// local, and the downloaded TXT equal to the one on the disk.
func TestPageWithRealRuns(t *testing.T) {
	node := need.Tool(t, "node")
	chromium := need.Tool(t, "chromium", "chromium-browser", "google-chrome")
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, scenario := range []string{"whole", "stop", "tabs", "reload", "keyboard"} {
		t.Run(scenario, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			out, in := io.Pipe()
			ended := make(chan int)
			go func() {
				ended <- run(ctx, []string{"ui", "--no-browser", "--out", dir}, nil, in, io.Discard)
				in.Close()
			}()
			defer func() { cancel(); <-ended }()
			url, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			settings, err := json.Marshal(map[string]string{
				"url": strings.TrimSpace(url), "dir": dir, "chromium": chromium, "region": "local", "seconds": "10",
			})
			if err != nil {
				t.Fatal(err)
			}
			limited, stop := context.WithTimeout(t.Context(), 3*time.Minute)
			defer stop()
			cmd := exec.CommandContext(limited, node, "page.mjs", scenario, string(settings))
			cmd.Dir = "page/browsertest"
			cmd.Env = append(os.Environ(), "NODE_NO_WARNINGS=1")
			if said, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", scenario, err, said)
			}
		})
	}
}
