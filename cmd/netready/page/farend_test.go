package page

import (
	"strings"
	"testing"
)

// TestPageNamesNoFlags: the page told people to give @FILE, which it refuses.
func TestPageNamesNoFlags(t *testing.T) {
	for _, typed := range []string{"https://x", "https://x/i#", "https://x/i#T.P", "https://user:pw@h/i#T.P", "javascript:alert(1)", "https://x:99999/i#T.P", `{"iceServers":[{"urls":"turn:a","username":"u"}]}`} {
		_, err := readFarEnd(typed)
		if err == nil {
			t.Errorf("%s: taken", typed)
			continue
		}
		if strings.Contains(err.Error(), "@") || strings.HasSuffix(err.Error(), " ") {
			t.Errorf("%s: got %q, which speaks of files", typed, err)
		}
	}
}
