//go:build system

package probe_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"netready/internal/wine"
	"netready/report"
)

// The Windows build reads less of the machine and of the packets: it says so.
func TestEveryNullHasAReasonOnWindows(t *testing.T) {
	w := wine.New(t)
	exe := w.Build(t, "netready/cmd/netready")
	for name, args := range map[string][]string{
		"local":        {"--region", "local"},
		"no responder": {"--responder", "https://127.0.0.1:1/i#c2VjcmV0c2VjcmV0c2VjcmV0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
	} {
		cmd := w.Command(exe, append([]string{"run", "--duration", "1s", "--json", "--out", t.TempDir()}, args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output() // its status says how ready the path is
		var r report.Report
		if jsonErr := json.Unmarshal(out, &r); jsonErr != nil {
			t.Fatalf("%s: %v; stdout is no result: %v\n%s\n%s", name, err, jsonErr, out, stderr.String())
		}
		for _, wrong := range slices.Concat(unsaid(t, r), hidden(t, r), undocumented(t, r)) {
			t.Errorf("%s: %s", name, wrong)
		}
		for _, n := range r.NotMeasured {
			t.Logf("%s: %s: %s", name, n.What, n.Reason)
		}
	}
}
