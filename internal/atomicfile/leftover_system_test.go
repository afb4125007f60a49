//go:build system

package atomicfile

import (
	"strings"
	"testing"

	"netready/internal/wine"
)

// On Windows it is the open file, and OpenProcess, that tell the living from
// the dead.
func TestLeftoversUnderWine(t *testing.T) {
	w := wine.New(t)
	exe := w.BuildTest(t, "netready/internal/atomicfile")
	out, _ := w.Command(exe, "-test.run=^Test(RemoveLeftovers|LeftoversOfTheLivingStay)$", "-test.v").CombinedOutput()
	// Wine 8.0 cannot remove a test's folder as Go does, so that both end as
	// failed; what they found themselves has a line of their file.
	if strings.Count(string(out), "=== RUN") != 2 || strings.Contains(string(out), "leftover_test.go:") {
		t.Errorf("under Wine:\n%s", out)
	}
}
