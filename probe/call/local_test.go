package call_test

import (
	"errors"
	"testing"
	"time"

	"netready/probe/call"
	"netready/probe/facts"
	"netready/probe/invite"
	"netready/probe/responder"
	"netready/probe/stream"
)

func local(t *testing.T, c responder.Config) *responder.Server {
	t.Helper()
	s, err := responder.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Three calls at once over real sockets, with the responder of region local.
func TestLocalCalls(t *testing.T) {
	t.Parallel()
	s, err := call.Open(t.Context(), local(t, responder.Local()).Invite(), call.Settings{Calls: 3, Duration: time.Second, DSCP: 46, Codec: "opus"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(s.Control().Grant().Calls) != 3 || s.Duration() != time.Second {
		t.Errorf("granted %d calls of %v", len(s.Control().Grant().Calls), s.Duration())
	}
	o, err := s.Run(t.Context(), call.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	if !o.Complete || o.Source != facts.RTTStun || len(o.Calls) != 3 {
		t.Fatalf("complete %v %q, source %q, %d calls", o.Complete, o.Reason, o.Source, len(o.Calls))
	}
	for i, c := range o.Calls {
		for name, d := range map[string]call.Direction{"up": c.Up, "down": c.Down} {
			m := stream.Measure(d.Trace, 60*time.Millisecond)
			if m.Sent != 50 || m.Received != 50 || m.Reordered != 0 || d.Reason != "" || d.Foreign != 0 {
				t.Errorf("call %d %s: %+v, %q", i, name, m, d.Reason)
			}
		}
		if c.Mapped != c.Local || len(c.RoundTrips) < 5 || len(c.Lateness) != 50 {
			t.Errorf("call %d: seen as %v, is %v; %d round trips", i, c.Mapped, c.Local, len(c.RoundTrips))
		}
	}
	if _, err := s.Control().Clock(t.Context()); err != nil {
		t.Errorf("the session does not outlive its calls: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	good := local(t, responder.Local()).Invite()
	other, spoilt := good, good
	other.Pins = local(t, responder.Local()).Invite().Pins
	spoilt.Token = "AAAAAAAAAAAAAAAAAAAAAAAA"
	dead := local(t, responder.Local())
	gone := dead.Invite()
	_ = dead.Close()
	limited := responder.Local()
	limited.Limits.Calls = 2
	few := local(t, limited)
	for _, c := range []struct {
		name     string
		to       invite.Invite
		settings call.Settings
		want     error
	}{
		{"wrong token", spoilt, call.Settings{}, call.ErrToken},
		{"wrong pin", other, call.Settings{}, call.ErrPin},
		{"gone", gone, call.Settings{}, call.ErrUnreachable},
		{"too many calls for the responder", few.Invite(), call.Settings{Calls: 3}, call.ErrRefused},
		{"too many calls for anybody", good, call.Settings{Calls: 100_000}, nil},
		{"codec", good, call.Settings{Codec: "mp3"}, nil},
		{"duration", good, call.Settings{Duration: time.Millisecond}, nil},
		{"calls", good, call.Settings{Calls: -1}, nil},
		{"dscp", good, call.Settings{DSCP: 64}, nil},
	} {
		s, err := call.Open(t.Context(), c.to, c.settings)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: no error", c.name)
		} else if c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}
