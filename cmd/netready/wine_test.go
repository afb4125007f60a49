//go:build system

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/internal/wine"
	"netready/report"
)

// The Windows build under Wine: a run with sane figures, and what people do with
// it and its results.
func TestWindowsBuildUnderWine(t *testing.T) {
	w := wine.New(t)
	exe := w.Build(t, "netready/cmd/netready")
	// More characters than the 260 that Windows once allowed, and some that are not ASCII.
	out := strings.Join([]string{`C:`, "Büro", strings.Repeat("Prüfung ", 12) + "1", strings.Repeat("Ergebnis-", 12) + "2", strings.Repeat("österreich", 8)}, `\`)
	t.Run("run", func(t *testing.T) { testWindowsRun(t, w, exe, out) })
	t.Run("merge", func(t *testing.T) {
		said, err := w.Command(exe, "merge", out, "-o", out+`\alle.xlsx`).CombinedOutput()
		if err != nil || !strings.Contains(string(said), "1 run") {
			t.Errorf("merge: %v\n%s", err, said)
		}
	})
	t.Run("template", func(t *testing.T) {
		said, err := w.Command(exe, "template", "-o", `C:\Büro\Vorlage.xlsx`).CombinedOutput()
		if b, readErr := os.ReadFile(w.Path("Büro", "Vorlage.xlsx")); err != nil || readErr != nil || !bytes.HasPrefix(b, []byte("PK")) {
			t.Errorf("template: %v, %v\n%s", err, readErr, said)
		}
	})
	t.Run("analyze", func(t *testing.T) {
		capture := w.Path("Büro", "Anruf.pcap")
		if err := os.WriteFile(capture, emptyCapture, 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := w.Command(exe, "analyze", `C:\Büro\Anruf.pcap`, "--json").Output()
		if !json.Valid(said) {
			t.Errorf("analyze: %v\n%s", err, said)
		}
	})
	t.Run("page", func(t *testing.T) { testWindowsPage(t, w, exe) })
	t.Run("Ctrl-C", func(t *testing.T) { testWindowsInterrupt(t, w, exe) })
}

// emptyCapture is a pcap without a packet: Ethernet, microseconds.
var emptyCapture = []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0}

// testWindowsRun places a call in region local, with sane figures: QPC stamps, so
// that jitter does not move in the system tick's steps.
func testWindowsRun(t *testing.T, w *wine.Windows, exe, folder string) {
	t.Helper()
	cmd := w.Command(exe, "run", "--region", "local", "--duration", "6s", "--json", "--out", folder, "--org", "Bäckerei Öl")
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
	if rep.Organization != "Bäckerei Öl" {
		t.Errorf("organisation %q", rep.Organization)
	}
	t.Logf("verdict %s, jitter up %v down %v ms, round trip %v ms", rep.Verdict, *up.JitterMS, *down.JitterMS, *rep.Voice.RTT.AvgMS)
}

// testWindowsPage opens the page, and ends it.
func testWindowsPage(t *testing.T, w *wine.Windows, exe string) {
	t.Helper()
	cmd := w.Command(exe, "ui", "--no-browser", "--out", `C:\Büro`)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the page's address: %v", err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSpace(address), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the page answers %s", answer.Status)
	}
}

// testWindowsInterrupt stops a run: what was measured is written and marked.
func testWindowsInterrupt(t *testing.T, w *wine.Windows, exe string) {
	t.Helper()
	cmd := w.Command(exe, "run", "--region", "local", "--duration", "60s", "--only", "voice", "--json", "--out", `C:\Strg`)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(4 * time.Second) // the call is under way
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	var rep report.Report
	if err := json.Unmarshal(stdout.Bytes(), &rep); err != nil || rep.Complete || cmd.ProcessState.ExitCode() != exitUndetermined {
		t.Errorf("exit status %d, complete %v, %v\n%s", cmd.ProcessState.ExitCode(), rep.Complete, err, stderr.String())
	}
	if files, err := filepath.Glob(w.Path("Strg", "*.txt")); err != nil || len(files) != 1 {
		t.Errorf("written: %v, %v", files, err)
	}
}
