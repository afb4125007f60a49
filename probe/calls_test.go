package probe

import (
	"strings"
	"testing"
	"time"

	"netready/probe/call"
)

// A call that the responder shortened to its limit, or that was stopped, is not presented
// as the one that was asked for.
func TestShorterCallThanAskedForIsSaid(t *testing.T) {
	const s = time.Second
	for _, test := range []struct {
		name                   string
		asked, granted, lasted time.Duration
		want                   string
	}{
		{"as asked for", 30 * s, 30 * s, 30 * s, ""},
		{"the responder's limit", 30 * s, 10 * s, 10 * s, "10s instead of the 30s asked for: the responder grants no more"},
		{"stopped", 30 * s, 30 * s, 12340 * time.Millisecond, "12.34s instead of the 30s asked for: you stopped it."},
		{"stopped within the limit", 60 * s, 10 * s, 3 * s, "3s instead of the 1m0s asked for: you stopped it."},
		{"ended at once", 30 * s, 30 * s, 0, "0s instead of the 30s asked for: you stopped it."},
	} {
		got := strings.Join(shortened(test.asked, test.granted, test.lasted, "you stopped it"), "")
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// The length of a call follows from what either end sent.
func TestLengthOfACallThatWasCutShort(t *testing.T) {
	cut := func(up, down int) *call.Outcome {
		var c call.Call
		c.Up.Sent, c.Down.Sent = up, down
		return &call.Outcome{Calls: []call.Call{{}, c}}
	}
	for want, o := range map[time.Duration]*call.Outcome{
		5 * time.Second: cut(250, 100), 2 * time.Second: cut(0, 100), 0: cut(0, 0), 10 * time.Second: {Complete: true},
	} {
		if got := lasted(o, 10*time.Second); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if got := lasted(cut(600, 0), 10*time.Second); got != 10*time.Second {
		t.Errorf("longer than granted: %v", got)
	}
}
