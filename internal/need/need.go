// Package need guards tests that want more than Go: a program of the system,
// or root. Where it is missing the test is skipped, but with CI=true it fails,
// so that a missing tool can never look like a pass.
package need

import (
	"os"
	"os/exec"
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

// Root wants the test to run as root, for network namespaces.
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
