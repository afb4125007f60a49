package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"netready/results"
)

// The program serves the page for support and its store to holders of an invite that reads,
// and to nobody else.
func TestResultsAreServed(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	p := begin(t, "--data", data)
	own := parsed(t, strings.TrimSpace(p.invite))
	out, said, status := does(t, "invite", "--data", data, "--read", "--org", "ACME")
	if status != 0 {
		t.Fatal(said)
	}
	reader := parsed(t, strings.TrimSpace(out))
	if resp, b := asked(t, own, results.PathPage, ""); resp.StatusCode != http.StatusOK || !strings.Contains(string(b), "Link for readers") {
		t.Errorf("the door: %d", resp.StatusCode)
	}
	if resp, b := asked(t, own, results.PathPage, reader.Token); resp.StatusCode != http.StatusOK || !strings.Contains(string(b), "was sent to this responder") {
		t.Errorf("with an invite that reads: %d", resp.StatusCode)
	}
	if resp, b := asked(t, own, results.PathResults, reader.Token); resp.StatusCode != http.StatusOK || !strings.Contains(string(b), `"end":true`) {
		t.Errorf("the list: %d", resp.StatusCode)
	}
	for _, path := range []string{results.PathPage, results.PathResults} {
		if resp, b := asked(t, own, path, own.Token); strings.Contains(string(b), "was sent to this responder") || resp.StatusCode == http.StatusOK && path == results.PathResults {
			t.Errorf("%s with the operator's own invite: %d", path, resp.StatusCode)
		}
	}
}
