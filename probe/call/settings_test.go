package call

import (
	"testing"
	"time"
)

// Every codec's packets have a call's true size: 87.2 kbit/s on Ethernet for
// G.711 and G.722, 31.2 for G.729, about 55 for Opus.
func TestRequest(t *testing.T) {
	for _, c := range []struct {
		codec         string
		kind          uint8
		rate, payload int
	}{
		{"", 0, 8000, 160},
		{"pcmu", 0, 8000, 160},
		{"pcma", 8, 8000, 160},
		{"g729", 18, 8000, 20},
		{"g722", 9, 8000, 160},
		{"opus", 111, 48000, 80},
	} {
		r, err := Settings{Codec: c.codec}.request()
		if err != nil || r.Type != c.kind || r.Rate != c.rate || r.Payload != c.payload || r.Ptime != 20*time.Millisecond || r.Duration != defaultDuration || r.Calls != 1 {
			t.Errorf("%q: got %+v, %v", c.codec, r, err)
		}
	}
}
