package responder_test

import (
	"testing"
	"time"

	"netready/probe/bandwidth"
	"netready/probe/call"
	"netready/probe/facts"
	"netready/probe/responder"
)

// The two ends together, over real sockets on loopback.
func TestCall(t *testing.T) {
	t.Parallel()
	server, err := responder.Start(t.Context(), responder.Local())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	session, err := call.Open(t.Context(), server.Invite(), call.Settings{Duration: 2 * time.Second, Calls: 2, DSCP: 46})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	outcome, err := session.Run(t.Context(), call.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	if !outcome.Complete || outcome.Source != facts.RTTStun || len(outcome.Calls) != 2 {
		t.Fatalf("complete %v (%s), source %q, %d calls", outcome.Complete, outcome.Reason, outcome.Source, len(outcome.Calls))
	}
	for i, c := range outcome.Calls {
		for way, d := range map[string]call.Direction{"up": c.Up, "down": c.Down} {
			if d.Sent != 100 || len(d.Arrivals) != 100 || d.Foreign != 0 {
				t.Errorf("call %d %s: %d of %d packets, %d foreign, want 100 of 100", i, way, len(d.Arrivals), d.Sent, d.Foreign)
			}
			if len(d.Arrivals) > 0 && d.Arrivals[0].DSCP != 46 && d.Mark.Unread == "" {
				t.Errorf("call %d %s: DSCP %d, want 46", i, way, d.Arrivals[0].DSCP)
			}
		}
		if len(c.RoundTrips) == 0 || c.ChecksLost != 0 {
			t.Errorf("call %d: %d round trips, %d lost", i, len(c.RoundTrips), c.ChecksLost)
		}
	}
	got := bandwidth.Run(t.Context(), session.Control(), bandwidth.Settings{For: 300 * time.Millisecond})
	if got.UpMbps == nil || got.DownMbps == nil || *got.UpMbps <= 0 || *got.DownMbps <= 0 {
		t.Errorf("bandwidth %+v, want both ways", got)
	} else {
		t.Logf("bandwidth up %.0f, down %.0f Mbit/s", *got.UpMbps, *got.DownMbps)
	}
}
