package probe

import (
	"slices"
	"testing"

	"netready/probe/facts"

	"netready/probe/call"
	"netready/probe/stream"
)

// Drops and lateness are the ends' own, and each is named.
func TestUnreliableNamesTheEndThatWasTooBusy(t *testing.T) {
	direction := func(sent int, dropped uint32, late, bunched int) call.Direction {
		return call.Direction{Trace: stream.Trace{Sent: sent}, Dropped: dropped, SentLate: late, Bunched: bunched}
	}
	slow := func(n int) call.Direction {
		return call.Direction{Trace: stream.Trace{Sent: 1500}, Slow: n}
	}
	for name, test := range map[string]struct {
		d        call.Direction
		up, down []string
	}{
		"sound":           {direction(1500, 0, 0, 0), nil, nil},
		"a little late":   {direction(1500, 0, 0, 15), nil, nil},
		"drops":           {direction(1500, 1, 0, 0), []string{facts.UnreliableResponder}, []string{facts.UnreliablePC}},
		"many drops":      {direction(1500, 1<<31, 0, 0), []string{facts.UnreliableResponder}, []string{facts.UnreliablePC}},
		"a standstill":    {direction(1400, 0, 100, 0), []string{facts.UnreliablePC}, []string{facts.UnreliableResponder}},
		"sent in bunches": {direction(1500, 0, 0, 16), []string{facts.UnreliablePC}, []string{facts.UnreliableResponder}},
		"stamped early":   {slow(16), []string{facts.UnreliablePC}, []string{facts.UnreliableResponder}},
		"a few early":     {slow(15), nil, nil},
		"read late":       {call.Direction{Trace: stream.Trace{Sent: 1500}, ReadLate: 16}, []string{facts.UnreliableResponder}, []string{facts.UnreliablePC}},
		"a few read late": {call.Direction{Trace: stream.Trace{Sent: 1500}, ReadLate: 15}, nil, nil},
		"all of it":       {direction(100, 7, 3, 50), []string{facts.UnreliableResponder, facts.UnreliablePC}, []string{facts.UnreliablePC, facts.UnreliableResponder}},
	} {
		for way, got := range map[string][]facts.Unreliable{"up": unreliable(test.d, thisPC, theResponder), "down": unreliable(test.d, theResponder, thisPC)} {
			want := map[string][]string{"up": test.up, "down": test.down}[way]
			var codes []string
			for _, u := range got {
				codes = append(codes, u.Code)
				if u.Text == "" {
					t.Errorf("%s %s: %s says nothing", name, way, u.Code)
				}
			}
			if got == nil || !slices.Equal(codes, want) {
				t.Errorf("%s %s: %v, want %v", name, way, got, want)
			}
		}
	}
}
