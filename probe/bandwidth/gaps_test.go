package bandwidth

import (
	"slices"
	"testing"

	"netready/probe/facts"
)

// When one way broke off, the other one was reported as missing too.
func TestBandwidthGaps(t *testing.T) {
	mbps, calls := new(10.0), new(100)
	for _, test := range []struct {
		name string
		b    facts.Bandwidth
		want []string
	}{
		{"both ways", facts.Bandwidth{UpMbps: mbps, DownMbps: mbps, CallsUp: calls, CallsDown: calls}, nil},
		{"up broke off", facts.Bandwidth{DownMbps: mbps, CallsDown: calls}, []string{"bandwidth.up_mbps", "bandwidth.calls_up"}},
		{"down broke off", facts.Bandwidth{UpMbps: mbps, CallsUp: calls}, []string{"bandwidth.down_mbps", "bandwidth.calls_down"}},
		{"neither", facts.Bandwidth{}, []string{"bandwidth"}},
	} {
		if got := Gaps(test.b); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
