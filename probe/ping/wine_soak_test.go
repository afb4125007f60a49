//go:build soak && linux

package ping

import (
	"testing"

	"netready/internal/wine"
)

// The tests of this package as a Windows program: real echo requests through iphlpapi.
func TestUnderWine(t *testing.T) {
	w := wine.New(t)
	exe := w.BuildTest(t, "netready/probe/ping")
	out, err := w.Command(exe, "-test.v", "-test.timeout", "60s").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
