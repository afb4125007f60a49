//go:build system

package html_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"netready/internal/need"
	"netready/probe/facts"
)

// TestHTMLPrintsOnTwoPages prints a report with as many ports as a region has,
// some of them failed, the way a browser does.
func TestHTMLPrintsOnTwoPages(t *testing.T) {
	chromium := need.Tool(t, "chromium", "chromium-browser", "google-chrome")
	pdfinfo := need.Tool(t, "pdfinfo")
	pdftotext := need.Tool(t, "pdftotext")
	r := htmlReport()
	for i := range 32 {
		row := r.Firewall[0]
		row.Name = fmt.Sprintf("Service %d", i+1)
		r.Firewall = append(r.Firewall, row)
	}
	r.Voice.Assumptions = []string{"G.711 with concealment after Appendix I", "jitter buffer 60 ms", "everything else as ITU-T G.107 gives it"}
	r.Bandwidth = facts.Bandwidth{UpMbps: new(40.0), DownMbps: new(100.0)}
	dir := t.TempDir()
	page, pdf := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.pdf")
	if err := os.WriteFile(page, []byte(htmlOf(t, r)), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), name, args...).Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	run(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--no-pdf-header-footer", "--print-to-pdf="+pdf, "file://"+page)
	if got := regexp.MustCompile(`Pages:\s+(\d+)`).FindStringSubmatch(run(pdfinfo, pdf)); len(got) != 2 || got[1] != "2" {
		t.Errorf("got %q, want 2 pages", got)
	}
	text := run(pdftotext, "-layout", pdf, "-")
	for _, want := range []string{"This network is not ready", "Service 32", "Over the time of the call"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q on\n%s", want, text)
		}
	}
	if keep := os.Getenv("NETREADY_KEEP"); keep != "" { // to look at it
		text, err := os.ReadFile(pdf)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(keep, "report.pdf"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
