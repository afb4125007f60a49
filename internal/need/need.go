// Package need is for tests that need more than Go: a program of the system, or root. If
// that is missing the test is skipped, but with CI=true it fails, so that a missing tool
// never looks like a pass.
package need

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Tool returns the path of a program. Names are tried in order.
func Tool(tb testing.TB, names ...string) string {
	tb.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(tb, "none of %v is installed (make tools installs them)", names)
	return ""
}

// GoTool builds a program that a module of our own names as its tool, and returns its path.
func GoTool(tb testing.TB, module, name string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), filepath.Base(name))
	build := exec.CommandContext(tb.Context(), "go", "build", "-C", module, "-o", path, name)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		missing(tb, "%s cannot be built: %v: %s", name, err, out)
	}
	return path
}

// Root requires that the test runs as root, for network namespaces.
func Root(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		missing(tb, "needs root, for network namespaces")
	}
}

// File wants a file or folder that make tools brings.
func File(tb testing.TB, path string) {
	tb.Helper()
	if _, err := os.Stat(path); err != nil {
		missing(tb, "%v (make tools installs it)", err)
	}
}

func missing(tb testing.TB, format string, args ...any) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf(format, args...)
	}
	tb.Skipf(format, args...)
}
