package responder

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"netready/internal/atomicfile"
	"netready/probe/internal/control"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

func start(t testing.TB, c Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var request = wire.Request{
	Version: wire.Version, Codec: "pcmu", Ptime: 20 * time.Millisecond, Payload: 160, Rate: 8000,
	Duration: 20 * time.Second, Calls: 1, DSCP: 46,
}

func open(t testing.TB, s *Server, r wire.Request) *control.Client {
	t.Helper()
	invited := s.Invite()
	c, err := control.Open(t.Context(), invited, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// socket is an agent's media socket, without an agent.
type socket struct {
	*net.UDPConn
	in, out   int    // bytes
	datagrams int    // that came
	rtp       int    // of those
	last      []byte // of these
	asks      []wire.TransactionID
}

func dial(t testing.TB, s *Server) *socket {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(s.MediaAddr())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &socket{UDPConn: conn}
}

func (s *socket) send(t *testing.T, b []byte) {
	t.Helper()
	s.out += len(b)
	if _, err := s.Write(b); err != nil {
		t.Fatal(err)
	}
}

// listen takes what comes for a while.
func (s *socket) listen(t *testing.T, d time.Duration) {
	t.Helper()
	if err := s.SetReadDeadline(time.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2048)
	for {
		n, err := s.Read(b)
		if errors.Is(err, net.ErrClosed) || err != nil && isTimeout(err) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		s.in, s.datagrams = s.in+n, s.datagrams+1
		switch {
		case wire.IsRTP(b[:n]):
			s.rtp++
			s.last = bytes.Clone(b[:n])
		case wire.IsCheck(b[:n]):
			if c, err := wire.ParseCheck(b[:n]); err == nil && !c.Answer {
				s.asks = append(s.asks, c.ID)
			}
		}
	}
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func askPadded(t *testing.T, g wire.CallGrant) []byte {
	t.Helper()
	b, err := Padded(wire.NewTransactionID(), g.Username, g.Password)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Valid credentials, but an address that never answers: not one RTP packet, and
// neither more bytes nor more datagrams out than in, headers counted: it is sent
// checks and answers in turn.
func TestAddressThatNeverAnswersGetsNoRTP(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	g := open(t, s, request).Grant().Calls[0]
	victim := dial(t, s)
	for range 5 {
		victim.send(t, askPadded(t, g))
		victim.listen(t, 200*time.Millisecond)
	}
	if victim.rtp != 0 || len(victim.asks) != 3 || victim.datagrams != 5 {
		t.Errorf("%d RTP packets, %d checks, %d datagrams, want 0, 3 and 5", victim.rtp, len(victim.asks), victim.datagrams)
	}
	if victim.in > victim.out {
		t.Errorf("%d bytes came for %d sent", victim.in, victim.out)
	}
}

// Datagrams that prove nothing get no answer.
func TestSilence(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	g := open(t, s, request).Grant().Calls[0]
	id := wire.NewTransactionID()
	build := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	other := open(t, s, request).Grant().Calls[0] // of another session
	damaged := askPadded(t, g)
	damaged[len(damaged)/2] ^= 1
	for name, b := range map[string][]byte{
		"a check without padding":     build(bare(id, g.Username, g.Password)),
		"a wrong password":            build(Padded(id, g.Username, "wrong password of it")),
		"an unknown user":             build(Padded(id, "nobody", g.Password)),
		"a damaged check":             damaged,
		"an answer to nothing":        build(answered(id, netip.MustParseAddrPort("127.0.0.1:9"), 0, 0, g.Password)),
		"a bare STUN request":         append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42}, id[:]...),
		"an RTP packet of nobody":     append([]byte{0x80, 0}, make([]byte, 170)...),
		"a knock with a wrong secret": wire.NewKnock("00").Marshal("00"),
		"another session's password":  build(Padded(id, g.Username, other.Password)),
		"rubbish":                     bytes.Repeat([]byte{0x4e, 0xff}, 600),
	} {
		t.Run(name, func(t *testing.T) {
			stranger := dial(t, s)
			stranger.send(t, b)
			stranger.listen(t, 150*time.Millisecond)
			if stranger.in != 0 {
				t.Errorf("%d bytes came back, want silence", stranger.in)
			}
		})
	}
}

// Somebody who has overheard a check replays it from elsewhere.
func TestReplayedCheckGetsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	g := open(t, s, request).Grant().Calls[0]
	agent, thief := dial(t, s), dial(t, s)
	check := askPadded(t, g)
	agent.send(t, check)
	agent.listen(t, 150*time.Millisecond)
	if len(agent.asks) != 1 {
		t.Fatalf("%d checks came to the agent, want 1", len(agent.asks))
	}
	proof, err := answered(agent.asks[0], netip.MustParseAddrPort(s.MediaAddr()), 0, 0, g.Password)
	if err != nil {
		t.Fatal(err)
	}
	// The check, and even the proof, from an address that was not asked.
	thief.send(t, check)
	thief.send(t, proof)
	thief.listen(t, 300*time.Millisecond)
	if thief.in != 0 {
		t.Errorf("%d bytes came to the thief (%d RTP packets), want none", thief.in, thief.rtp)
	}
	agent.send(t, proof)
	agent.listen(t, 300*time.Millisecond)
	if agent.rtp == 0 {
		t.Error("no RTP came to the agent that proved its address")
	}
}

// The stream ends 5 s after the last proof, by count of packets.
func TestStreamEndsWithConsent(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	g := open(t, s, request).Grant().Calls[0]
	agent := dial(t, s)
	agent.send(t, askPadded(t, g))
	agent.listen(t, 150*time.Millisecond)
	if len(agent.asks) != 1 {
		t.Fatalf("%d checks, want 1", len(agent.asks))
	}
	proof, err := answered(agent.asks[0], netip.MustParseAddrPort(s.MediaAddr()), 0, 0, g.Password)
	if err != nil {
		t.Fatal(err)
	}
	agent.send(t, proof)
	agent.listen(t, 7*time.Second)
	if most := int(consent/request.Ptime) + 1; agent.rtp == 0 || agent.rtp > most {
		t.Errorf("%d packets after the last proof, want 1 to %d", agent.rtp, most)
	}
}

func TestAllowed(t *testing.T) {
	for _, test := range []struct {
		proved, now time.Duration
		want        bool
	}{
		{0, 0, true},
		{time.Hour, time.Hour + consent - 1, true},
		{time.Hour, time.Hour + consent, false},
		{0, 24 * time.Hour, false},
	} {
		if got := allowed(test.proved, test.now); got != test.want {
			t.Errorf("allowed(%v, %v) = %v, want %v", test.proved, test.now, got, test.want)
		}
	}
}

func TestWrongTokenAndPin(t *testing.T) {
	s := start(t, Local())
	invited := s.Invite()
	token := invited
	token.Token = "AAAAAAAAAAAAAAAAAAAAAA"
	if _, err := control.Open(t.Context(), token, request, nil); !errors.Is(err, control.ErrToken) {
		t.Errorf("wrong token: %v, want ErrToken", err)
	}
	pin := invited
	pin.Pins = [][]byte{make([]byte, 32)}
	if _, err := control.Open(t.Context(), pin, request, nil); !errors.Is(err, control.ErrPin) {
		t.Errorf("wrong pin: %v, want ErrPin", err)
	}
	several := invited
	several.Pins = append([][]byte{make([]byte, 32)}, invited.Pins...)
	c, err := control.Open(t.Context(), several, request, nil)
	if err != nil {
		t.Fatalf("one right pin of two: %v", err)
	}
	_ = c.Close()
}

func TestLimits(t *testing.T) {
	config := Local()
	config.Limits = Limits{PerAddress: 1, Calls: 2, Duration: 3 * time.Second}
	s := start(t, config)
	invited := s.Invite()
	many := request
	many.Calls = 3
	if _, err := control.Open(t.Context(), invited, many, nil); !errors.Is(err, control.ErrRefused) || !strings.Contains(err.Error(), "grants 2") {
		t.Errorf("three calls: %v, want a refusal that says how many", err)
	}
	c := open(t, s, request)
	if got := c.Grant().Duration; got != 3*time.Second {
		t.Errorf("granted %v, want the limit of 3s", got)
	}
	_, err := control.Open(t.Context(), invited, request, nil)
	wait, told := errors.AsType[*control.Busy](err)
	if !told || wait.Ticket == "" || !errors.Is(err, control.ErrBusy) {
		t.Fatalf("a second session from one address: %v, want to be told to wait", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	waiting := request
	waiting.Ticket = wait.Ticket
	again, err := control.Open(t.Context(), invited, waiting, nil)
	if err != nil {
		t.Fatalf("after the first session's end: %v", err)
	}
	_ = again.Close()
}

// Bad requests get one sentence and the right status.
func TestBadRequests(t *testing.T) {
	s := start(t, Local())
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the test's own server
	}}
	valid, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, method, path, body string
		token                    bool
		status                   int
		code                     string
	}{
		{"no token", "POST", wire.PathSessions, string(valid), false, 401, wire.CodeToken},
		{"no JSON", "POST", wire.PathSessions, "hello", true, 400, wire.CodeRequest},
		{"empty", "POST", wire.PathSessions, "", true, 400, wire.CodeRequest},
		{"half", "POST", wire.PathSessions, string(valid[:20]), true, 400, wire.CodeRequest},
		{"large", "POST", wire.PathSessions, `{"codec":"` + strings.Repeat("a", 1<<20), true, 413, wire.CodeRequest},
		{"version", "POST", wire.PathSessions, `{"version":99}`, true, 409, wire.CodeVersion},
		{"payload", "POST", wire.PathSessions, strings.Replace(string(valid), `"payload":160`, `"payload":9000`, 1), true, 400, wire.CodeRequest},
		{"no calls", "POST", wire.PathSessions, strings.Replace(string(valid), `"calls":1`, `"calls":-1`, 1), true, 400, wire.CodeRequest},
		{"unknown session", "GET", wire.PathSessions + "/nope" + wire.PathEvents, "", true, 404, wire.CodeSession},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), test.method, "https://"+s.ControlAddr()+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.token {
				r.Header.Set("Authorization", "Bearer "+s.config.Identity.Token)
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			var p wire.Problem
			if err := json.Unmarshal(body, &p); err != nil || resp.StatusCode != test.status || p.Code != test.code || p.Error == "" {
				t.Errorf("status %d, body %s, want %d and code %s", resp.StatusCode, body, test.status, test.code)
			}
		})
	}
}

// Key and token stay the same after a restart, so that an old invite stays valid; the error
// names a damaged file.
func TestIdentityPersists(t *testing.T) {
	dir := t.TempDir() + "/data"
	first, err := LoadIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Pin(), second.Pin()) || first.Token != second.Token {
		t.Error("the second start has another key or token")
	}
	if err := atomicfile.Private(dir+"/responder.key", []byte("rubbish")); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadIdentity(dir); err == nil || !strings.Contains(err.Error(), "responder.key") || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("damaged key: %v, want its name and the way out", err)
	}
}

func FuzzDatagram(f *testing.F) {
	s, err := Start(f.Context(), Local())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Add([]byte{})
	f.Add([]byte{0x80, 0, 0, 1})
	f.Add(append([]byte{0, 1, 0, 8, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 20)...))
	f.Add(wire.NewKnock("00").Marshal("00"))
	out := newReplies(s.media[0])
	f.Fuzz(func(_ *testing.T, b []byte) {
		s.datagram(b, fuzzArrival(len(b)), out)
		out.flush()
	})
}

func fuzzArrival(n int) stamp.Arrival {
	return stamp.Arrival{N: n, From: netip.MustParseAddrPort("127.0.0.1:9"), At: stamp.Now()}
}
