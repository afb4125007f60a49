package call_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"netready/probe/call"
	"netready/probe/responder"
)

// An invite can lead to a responder that names another host's address for the calls: that
// is shown, and the calls go there only if the user agrees.
func TestMediaGoesElsewhereOnlyIfAllowed(t *testing.T) {
	config := responder.Local()
	config.Media = "127.0.0.2:0"
	server, err := responder.Start(t.Context(), config)
	if err != nil {
		t.Skip("this machine has one loopback address only: ", err)
	}
	defer server.Close()
	for _, test := range []struct {
		allow []string
		want  bool
	}{
		{nil, false},
		{[]string{"127.0.0.1"}, false},
		{[]string{"voice.example.com"}, false},
		{[]string{"127.0.0.2"}, true},
		{[]string{"other", "::ffff:127.0.0.2"}, true},
	} {
		session, err := call.Open(t.Context(), server.Invite(), call.Settings{Duration: time.Second, AllowMedia: test.allow})
		if (err == nil) != test.want {
			t.Errorf("allowed %q: %v", test.allow, err)
		}
		if err == nil {
			_ = session.Close()
		} else if !errors.Is(err, call.ErrElsewhere) || !strings.Contains(err.Error(), "--allow-media 127.0.0.2") {
			t.Errorf("%v names no way out", err)
		}
	}
}
