package netready

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Code that judges or prints a result needs the facts and no check. Otherwise every program
// that reads results would contain a TURN client. A library for workbooks may import
// net/http; none of our own packages may.
func TestVerdictsAndPaperNeedNoNetwork(t *testing.T) {
	for _, test := range []struct{ packages, never string }{
		{"./probe/facts", `^netready/|^net$|^net/http$|^[^/]+\.[^/]+/`},
		{"./thresholds", `^netready/(probe/([^f]|f[^a])|report)|^net$|^net/http$|pion|sipgo`},
		{"./report", `^netready/probe/([^f]|f[^a])|^net/http$|pion|sipgo`},
		{"./report/...", `^netready/probe/([^f]|f[^a])|pion|sipgo`},
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", test.packages).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", test.packages, err)
		}
		never := regexp.MustCompile(test.never)
		for path := range strings.Lines(string(out)) {
			path = strings.TrimSpace(path)
			if never.MatchString(path) && path != "netready"+strings.TrimPrefix(test.packages, ".") {
				t.Errorf("%s imports %s", test.packages, path)
			}
		}
	}
}
