//go:build system

package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"netready/internal/wine"
	"netready/report"
)

// The Windows build places a call in region local, with sane figures: QPC
// stamps, so that jitter does not move in the system tick's steps.
func TestWindowsBuildUnderWine(t *testing.T) {
	w := wine.New(t)
	exe := w.Build(t, "netready/cmd/netready")
	cmd := w.Command(exe, "run", "--region", "local", "--duration", "6s", "--json", "--out", t.TempDir())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var rep report.Report
	if jsonErr := json.Unmarshal(out, &rep); jsonErr != nil {
		t.Fatalf("run under Wine: %v; stdout is no result: %v\n%s\n%s", err, jsonErr, out, stderr.String())
	}
	up, down := rep.Voice.Up, rep.Voice.Down
	if up == nil || down == nil {
		t.Fatalf("no figures: %+v", rep.Voice)
	}
	for name, d := range map[string]*struct {
		sent, received int
		jitter         *float64
	}{
		"up":   {up.Sent, up.Received, up.JitterMS},
		"down": {down.Sent, down.Received, down.JitterMS},
	} {
		if d.sent != 300 || d.received != 300 {
			t.Errorf("%s: %d of %d packets, want 300 of 300", name, d.received, d.sent)
		}
		// The bound is half of what time.Now's coarse steps would show at least.
		if d.jitter == nil || *d.jitter > 5 {
			t.Errorf("%s: jitter %v ms, want some below 5", name, d.jitter)
		}
	}
	if down.DSCPReceived != nil || down.DSCPReason == "" {
		t.Errorf("down: DSCP received %v (%q), want null with the reason", down.DSCPReceived, down.DSCPReason)
	}
	t.Logf("verdict %s, jitter up %v down %v ms, round trip %v ms", rep.Verdict, *up.JitterMS, *down.JitterMS, *rep.Voice.RTT.AvgMS)
}
