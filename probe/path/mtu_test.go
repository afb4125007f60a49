package path

import (
	"testing"

	"netready/probe/facts"
)

func TestMTUVerdict(t *testing.T) {
	for _, c := range []struct {
		name             string
		largest, own     int
		told             *int
		refused, stopped bool
		want             string
		bytes            int
	}{
		{"the interface's own", 1500, 1500, nil, false, false, facts.MTUFine, 1500},
		{"less, and a router says so", 1400, 1500, new(1400), false, false, facts.MTUFine, 1400},
		{"less, and the system knows it", 1400, 1500, nil, true, false, facts.MTUFine, 1400},
		{"less, and nobody says so", 1400, 1500, nil, false, false, facts.MTUHole, 1400},
		{"no answer at all", 0, 1500, nil, false, false, facts.MTUUnknown, 0},
		{"stopped", 576, 1500, nil, false, true, facts.MTUUnknown, 0},
	} {
		got := verdictMTU(c.largest, c.own, c.told, c.refused, c.stopped)
		bytes := 0
		if got.Bytes != nil {
			bytes = *got.Bytes
		}
		if got.Code != c.want || bytes != c.bytes || (got.Bytes == nil) != (got.Reason != "") {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
