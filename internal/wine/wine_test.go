//go:build system

package wine

import (
	"strings"
	"testing"
)

func TestGoProgramRuns(t *testing.T) {
	w := New(t)
	exe := w.Build(t, "netready/internal/wine/hello")
	out, err := w.Command(exe).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "a UDP socket on 127.0.0.1") {
		t.Fatalf("hello under Wine: %v\n%s", err, out)
	}
}
