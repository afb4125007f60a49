package responder

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"netready/probe/internal/control"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

// prove answers the checks that came to a socket so far.
func (s *socket) prove(t *testing.T, server *Server, g wire.CallGrant) {
	t.Helper()
	for _, id := range s.asks {
		b, err := answered(id, netip.MustParseAddrPort(server.MediaAddr()), 0, 0, g.Password)
		if err != nil {
			t.Fatal(err)
		}
		s.send(t, b)
	}
	s.asks = nil
}

// watch collects the lines of a session until they end.
func watch(t *testing.T, c *control.Client) (end func() ([]wire.Event, error)) {
	t.Helper()
	var lines []wire.Event
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	go func() { done <- c.Events(ctx, func(e wire.Event) { lines = append(lines, e) }) }()
	return func() ([]wire.Event, error) {
		defer cancel()
		err := <-done
		return lines, err
	}
}

// A new NAT mapping is proved anew; the stream follows it and the trace says
// where it went. What is left of the trace comes when the calls are finished,
// and the session stays for the bandwidth test.
func TestChangedAddressIsFollowed(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	c := open(t, s, request)
	g := c.Grant().Calls[0]
	end := watch(t, c)
	old, moved := dial(t, s), dial(t, s)
	old.send(t, askPadded(t, g))
	old.listen(t, 150*time.Millisecond)
	old.prove(t, s, g)
	old.listen(t, 300*time.Millisecond)
	moved.send(t, askPadded(t, g))
	moved.listen(t, 150*time.Millisecond)
	if moved.rtp != 0 {
		t.Error("packets went to the new address before it was proved")
	}
	moved.prove(t, s, g)
	moved.listen(t, 300*time.Millisecond)
	old.listen(t, 50*time.Millisecond) // what was under way
	before := old.rtp
	old.listen(t, 300*time.Millisecond)
	if moved.rtp == 0 || old.rtp != before {
		t.Errorf("%d packets at the new address, %d more at the old one, want some and none", moved.rtp, old.rtp-before)
	}
	if err := c.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines, err := end()
	if err != nil {
		t.Fatal(err)
	}
	var proved []string
	departures := 0
	for _, e := range lines {
		if e.Proved != "" {
			proved = append(proved, e.Proved)
		}
		d, err := wire.UnpackDepartures(e.Down, 1000, 1000)
		if err != nil {
			t.Fatal(err)
		}
		departures += len(d)
	}
	if len(proved) == 0 || proved[len(proved)-1] != moved.LocalAddr().String() {
		t.Errorf("proved %v, want the last to be %v", proved, moved.LocalAddr())
	}
	if got := old.rtp + moved.rtp; departures < got || departures > got+50 {
		t.Errorf("%d departures were told, %d packets came", departures, got)
	}
	if last := lines[len(lines)-1]; last.Closed != "finished" {
		t.Errorf("the last line is %+v, want finished", last)
	}
	if _, err := c.Clock(t.Context()); err != nil {
		t.Errorf("after the calls: %v, want the session to stay", err)
	}
}

// An agent whose checks no longer arrive, as behind a limit of rate, keeps its stream while
// its packets up answer the challenge of the stream down; packets with another answer, or
// from another address, keep nothing.
func TestMediaRenewsTheProof(t *testing.T) {
	t.Parallel()
	first := uint64(0)
	for name, test := range map[string]struct {
		answer      func(uint64) uint64
		isElsewhere bool
		goesOn      bool
	}{
		"the challenge":                        {func(n uint64) uint64 { return n }, false, true},
		"another number":                       {func(n uint64) uint64 { return n + 1 }, false, false},
		"nothing":                              {func(uint64) uint64 { return 0 }, false, false},
		"the first challenge, again and again": {func(n uint64) uint64 { first = cmp.Or(first, n); return first }, false, false},
		"the challenge from another address":   {func(n uint64) uint64 { return n }, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Local())
			long := request
			long.Duration = time.Minute
			c := open(t, s, long)
			g := c.Grant().Calls[0]
			agent := dial(t, s)
			from := agent
			if test.isElsewhere {
				from = dial(t, s)
			}
			agent.send(t, askPadded(t, g))
			agent.listen(t, 100*time.Millisecond)
			agent.prove(t, s, g)
			up, err := wire.NewSealer(wire.UpFlow(long, g))
			if err != nil {
				t.Fatal(err)
			}
			agent.listen(t, 200*time.Millisecond)
			for i := range int64(35) { // longer than consent
				up.SetChallenge(test.answer(wire.Challenge(agent.last)))
				from.send(t, up.Seal(i, 0))
				agent.listen(t, 200*time.Millisecond)
			}
			before := agent.rtp
			if agent.listen(t, 300*time.Millisecond); (agent.rtp > before) != test.goesOn {
				t.Errorf("%d packets came after 7 s, %d of them at last", agent.rtp, agent.rtp-before)
			}
		})
	}
}

// The end of the responder or of the session is the last line of the trace.
func TestLastLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, want string
		end        func(*Server, *control.Client) error
	}{
		{"shutdown", "shutdown", func(s *Server, _ *control.Client) error { return s.Close() }},
		{"agent's wish", "stopped", func(_ *Server, c *control.Client) error { return c.Close() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := Start(t.Context(), Local())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			c := open(t, s, request)
			end := watch(t, c)
			time.Sleep(100 * time.Millisecond) // the stream of events has begun
			if err := tt.end(s, c); err != nil {
				t.Fatal(err)
			}
			lines, err := end()
			if len(lines) == 0 {
				t.Fatalf("no lines: %v", err)
			}
			// A client that closes its own connection may lose the line; the
			// responder's end may not.
			if last := lines[len(lines)-1]; last.Closed != tt.want && tt.want == "shutdown" {
				t.Errorf("the last line is %+v (%v), want %s", last, err, tt.want)
			}
		})
	}
}

// Why sessions end by themselves is arithmetic.
func TestOver(t *testing.T) {
	s := &session{request: wire.Request{Duration: time.Minute}, begun: time.Hour, seen: time.Hour}
	tests := []struct {
		name   string
		now    time.Duration
		busy   int
		proved time.Duration // 0: never
		want   string
	}{
		{"fresh", time.Hour, 0, 0, ""},
		{"idle", time.Hour + idle + 1, 0, 0, "idle"},
		{"busy", time.Hour + idle + 1, 1, 0, ""},
		{"its media goes on", time.Hour + idle + 1, 0, time.Hour + idle, ""},
		{"its media ended", time.Hour + 2*idle + 1, 0, time.Hour + idle, "idle"},
		{"busy for too long", time.Hour + time.Minute + spare + 1, 1, 0, "limit"},
	}
	for _, tt := range tests {
		c := &call{provedAt: tt.proved}
		if tt.proved != 0 {
			c.proved = netip.MustParseAddrPort("127.0.0.1:9")
		}
		s.busy, s.calls = tt.busy, []*call{c}
		if got := s.over(tt.now); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A session that is over gets no more packets and answers no more checks.
func TestEndOfSessionEndsItsMedia(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	c := open(t, s, request)
	g := c.Grant().Calls[0]
	agent := dial(t, s)
	agent.send(t, askPadded(t, g))
	agent.listen(t, 150*time.Millisecond)
	agent.prove(t, s, g)
	for wait := 0; agent.rtp == 0 && wait < 50; wait++ { // a busy machine takes its time
		agent.listen(t, 200*time.Millisecond)
	}
	if agent.rtp == 0 {
		t.Fatal("no packets came")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	agent.listen(t, 100*time.Millisecond) // what was under way
	before := agent.in
	agent.send(t, askPadded(t, g))
	agent.listen(t, 300*time.Millisecond)
	if agent.in != before {
		t.Errorf("%d bytes came after the end of the session", agent.in-before)
	}
}

// Over IPv6 all works the same, and the invite survives its literal address.
func TestIPv6(t *testing.T) {
	t.Parallel()
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6: ", err)
	} else {
		_ = l.Close()
	}
	config := Local()
	config.Control, config.Media, config.PortAddresses = "[::1]:0", "[::1]:0", []string{"::1"}
	s := start(t, config)
	if strings.ContainsAny(s.Invite().String(), "[]") {
		t.Errorf("%s has brackets", s.Invite().String())
	}
	c := open(t, s, request)
	media, err := c.Media()
	if err != nil || media != s.MediaAddr() {
		t.Errorf("media at %s (%v), want %s", media, err, s.MediaAddr())
	}
	g := c.Grant().Calls[0]
	agent := dial(t, s)
	agent.send(t, askPadded(t, g))
	agent.listen(t, 200*time.Millisecond)
	if agent.in > agent.out {
		t.Errorf("%d bytes came for %d sent", agent.in, agent.out)
	}
	agent.prove(t, s, g)
	agent.listen(t, 200*time.Millisecond)
	if agent.rtp == 0 {
		t.Error("no packets came over IPv6")
	}
}

// Bandwidth tests are bounded by the responder, whatever is asked.
func TestTransferIsBounded(t *testing.T) {
	t.Parallel()
	config := Local()
	config.Limits.Transfer = 1 << 20
	s := start(t, config)
	c := open(t, s, request)
	body, err := c.Download(t.Context(), "", 1<<40, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, body)
	_ = body.Close()
	if err != nil || n != 1<<20 {
		t.Errorf("%d bytes came (%v), want the limit", n, err)
	}
	up, err := c.Upload(t.Context(), "", io.LimitReader(zeros{}, 8<<20))
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Logf("upload: %v", err) // the end of an upload that nobody takes may be an error
	}
	if up.Bytes > 1<<20 {
		t.Errorf("%d bytes were taken, want the limit at most", up.Bytes)
	}
	for range maxTransfers {
		if body, err = c.Download(t.Context(), "", 1, time.Second); err != nil {
			break
		}
		_, _ = io.Copy(io.Discard, body) // until it is over there, too
		_ = body.Close()
	}
	if !errors.Is(err, control.ErrRefused) {
		t.Errorf("after %d transfers: %v, want a refusal", maxTransfers, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Where the media goes when it has an address of its own.
func TestMediaAddress(t *testing.T) {
	t.Parallel()
	config := Local()
	config.Media = "127.0.0.2:0"
	s, err := Start(t.Context(), config)
	if err != nil {
		t.Skip("this machine has one loopback address only: ", err)
	}
	defer s.Close()
	c := open(t, s, request)
	if got, err := c.Media(); err != nil || got != s.MediaAddr() {
		t.Errorf("got %s (%v), want %s", got, err, s.MediaAddr())
	}
}

// A session that ended before its address was proved takes nothing any more, though
// the proof comes after all.
func TestEndedSessionTakesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	session := s.find(open(t, s, request).Grant().Session)
	s.drop(session, "stopped")
	s.stream(session.calls[0])
	if used := s.ledger.Used(); used.Packets != 0 || used.Sessions != 0 {
		t.Errorf("%+v is taken by a session that is over", used)
	}
}

// A session that shows no sign for a while keeps no share; one whose checks or packets come
// keeps it.
func TestSessionWithoutASignHoldsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	c := open(t, s, request)
	session := s.find(c.Grant().Session)
	for _, step := range []struct {
		name string
		sign func()
		at   time.Duration
		held bool
	}{
		{"it has just begun", func() {}, 9 * time.Second, true},
		{"nothing came", func() {}, 11 * time.Second, false},
		{"a question of a firewall check came", func() { session.mayAnswer(asked{question: [16]byte{1}, own: true}) }, 9 * time.Second, true},
		{"an address was proved", func() { session.calls[0].prove(netip.MustParseAddrPort("127.0.0.1:9"), 0) }, 9 * time.Second, true},
	} {
		session.loan.Resume()
		step.sign()
		session.returnLoanIfIdle(stamp.Now() + step.at)
		if session.loan.Returned() == step.held {
			t.Errorf("%s, %v later: its part is held %v, want %v", step.name, step.at, !step.held, step.held)
		}
	}
	session.returnLoanIfIdle(stamp.Now() + time.Minute)
	if used := s.ledger.Used(); used.Packets != 0 || used.Sessions != 0 {
		t.Errorf("%+v is taken by a session without a sign", used)
	}
	if _, err := c.Clock(t.Context()); err != nil {
		t.Errorf("the session itself: %v, want it to stay", err)
	}
}
