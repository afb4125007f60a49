package probe

import (
	"strings"
	"testing"
	"time"
)

// A call that the responder cut to its limit is not passed off as the one that
// was asked for.
func TestShorterCallThanAskedForIsSaid(t *testing.T) {
	if got := shortened(30*time.Second, 30*time.Second); got != nil {
		t.Errorf("a call as long as asked for: %q, want nothing", got)
	}
	got := shortened(30*time.Second, 10*time.Second)
	if len(got) != 1 || !strings.Contains(got[0], "10s instead of the 30s") || !strings.Contains(got[0], "--max-duration") {
		t.Errorf("got %q", got)
	}
}
