package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// hot are packages whose speed is measured or carries a figure: they keep inlining.
var hot = []string{
	"runtime", "internal/poll", "crypto/tls", "crypto/internal/fips140/aes/gcm", "encoding/json", "golang.org/x/net/http2",
	"github.com/go-json-experiment/json", "github.com/klauspost/compress/flate",
	"netready/probe/call", "netready/probe/stream", "netready/probe/bandwidth", "netready/probe/capture", "netready/probe/responder",
	"netready/probe/internal/stamp", "netready/probe/internal/wire",
}

// A pattern that matches nothing is a package that has another name now.
func TestColdPackages(t *testing.T) {
	list := exec.Command("go", "list", "-C", "..", "-deps", "./cmd/netready")
	said, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(said))
	for _, name := range hot {
		if !slices.Contains(packages, name) {
			t.Errorf("netready has no package %s", name)
		}
	}
	for _, flag := range compiling() {
		pattern := strings.TrimSuffix(strings.TrimPrefix(flag, "-gcflags="), "=-l")
		matches := func(name string) bool {
			folder, below := strings.CutSuffix(pattern, "/...")
			return name == folder || below && strings.HasPrefix(name, folder+"/")
		}
		if !slices.ContainsFunc(packages, matches) {
			t.Errorf("cold.txt: %s matches no package of netready", pattern)
		}
		if i := slices.IndexFunc(hot, matches); i >= 0 {
			t.Errorf("cold.txt: %s matches %s, which is hot", pattern, hot[i])
		}
	}
}
