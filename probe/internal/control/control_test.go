package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"netready/probe/invite"

	"netready/probe/internal/control"
	"netready/probe/internal/wire"
	"netready/probe/responder"
)

var request = wire.Request{Codec: "pcmu", Ptime: 20 * time.Millisecond, Payload: 160, Rate: 8000, Duration: time.Second, Calls: 1}

// far starts a responder and returns its invite.
func far(t *testing.T) invite.Invite {
	t.Helper()
	s, err := responder.Start(t.Context(), responder.Local())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	invited := s.Invite()
	return invited
}

func TestDirect(t *testing.T) {
	invited := far(t)
	c, err := control.Open(t.Context(), invited, request, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Remote().String(); got != invited.Host || c.ViaProxy() != "" {
		t.Errorf("connected to %s via %q, want %s directly", got, c.ViaProxy(), invited.Host)
	}
	media, err := c.Media()
	if err != nil || !strings.HasPrefix(media, "127.0.0.1:") || media == "127.0.0.1:0" {
		t.Errorf("media at %q, %v", media, err)
	}
	if rtt, err := c.Clock(t.Context()); err != nil || rtt <= 0 || rtt > time.Second {
		t.Errorf("round trip %v, %v", rtt, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Clock(t.Context()); err == nil {
		t.Error("a closed session still answers")
	}
}

// A session is one connection, whatever goes on in it at once.
func TestOneConnection(t *testing.T) {
	invited := far(t)
	var connections atomic.Int32
	base := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		connections.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	c, err := control.Open(t.Context(), invited, request, base)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan error, 1)
	go func() { events <- c.Events(ctx, func(wire.Event) {}) }()
	body, err := c.Download(t.Context(), "", 1<<20, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Clock(t.Context()); err != nil {
		t.Error(err)
	}
	if n, err := io.Copy(io.Discard, body); n != 1<<20 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	_ = body.Close()
	cancel()
	if err := <-events; err == nil {
		t.Error("the events ended without an error although they were cut off")
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections, want 1", got)
	}
}

// proxy is an HTTP proxy that lets CONNECT through, with a password.
func proxy(t *testing.T) *url.URL {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") == "" {
			http.Error(w, "who are you?", http.StatusProxyAuthRequired)
			return
		}
		to, err := new(net.Dialer).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer to.Close()
		// The data that the server has read ahead is in its buffer, and it must not answer
		// before the connection is taken over.
		from, ahead, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		if _, err := io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			return
		}
		go func() { _, _ = io.Copy(to, ahead); _ = to.Close() }()
		_, _ = io.Copy(from, to)
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("user", "proxy-password")
	return u
}

func TestThroughProxy(t *testing.T) {
	invited, by := far(t), proxy(t)
	c, err := control.Open(t.Context(), invited, request, &http.Transport{Proxy: http.ProxyURL(by)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Remote().String() != by.Host || !strings.Contains(c.ViaProxy(), by.Host) || strings.Contains(c.ViaProxy(), "proxy-password") {
		t.Errorf("connected to %v via %q, want the proxy without its password", c.Remote(), c.ViaProxy())
	}
	if media, err := c.Media(); err != nil || !strings.HasPrefix(media, "127.0.0.1:") {
		t.Errorf("media at %q, %v, want the invite's host and not the proxy's", media, err)
	}

	by.User = nil
	_, err = control.Open(t.Context(), invited, request, &http.Transport{Proxy: http.ProxyURL(by)})
	if !errors.Is(err, control.ErrUnreachable) || !strings.Contains(err.Error(), "proxy") {
		t.Errorf("a proxy that refuses: %v", err)
	}
}

// Behind one name are several replicas, and the way to one leads through a proxy: the one
// that granted tells its address, which is one of the name's, and no other of them gets the
// calls.
func TestReplicaBehindAProxySaysItsAddress(t *testing.T) {
	by := proxy(t)
	for _, media := range []string{"127.0.0.1:9", ":9"} {
		invited := granting(t, func(g *wire.Grant) { g.Media = media }, nothing)
		_, port, _ := net.SplitHostPort(invited.Host)
		invited.Host = "localhost:" + port
		c, err := control.Open(t.Context(), invited, request, &http.Transport{Proxy: http.ProxyURL(by)})
		if err != nil {
			t.Fatal(err)
		}
		if c.Elsewhere() != "" || c.Grant().Media != media {
			t.Errorf("%s: the media goes to %q, elsewhere %q", media, c.Grant().Media, c.Elsewhere())
		}
		_ = c.Close()
	}
}

// The proxy in front may be asked for by host and port, as NO_PROXY is.
func TestProxyIsAskedWithThePort(t *testing.T) {
	invited := far(t)
	var asked string
	c, err := control.Open(t.Context(), invited, request, &http.Transport{Proxy: func(r *http.Request) (*url.URL, error) {
		asked = r.URL.Host
		return nil, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if asked != invited.Host {
		t.Errorf("asked for %q, want %q", asked, invited.Host)
	}
}

// What can be wrong with a responder, and that no error shows the token.
func TestOpenFails(t *testing.T) {
	invited := far(t)
	other := httptest.NewUnstartedServer(http.NotFoundHandler())
	other.EnableHTTP2 = true
	other.StartTLS()
	defer other.Close()
	old := httptest.NewUnstartedServer(http.NotFoundHandler()) // HTTP/1.1 alone
	old.StartTLS()
	defer old.Close()
	pinOf := func(s *httptest.Server) [][]byte {
		return [][]byte{invite.Pin(s.Certificate().RawSubjectPublicKeyInfo)}
	}
	closed := unused(t)

	tests := []struct {
		name string
		to   invite.Invite
		want error
		says string
	}{
		{"wrong token", invite.Invite{Host: invited.Host, Token: "wrong-token-1", Pins: invited.Pins}, control.ErrToken, "new invite"},
		{"wrong pin", invite.Invite{Host: invited.Host, Token: "wrong-token-1", Pins: pinOf(other)}, control.ErrPin, "another key"},
		{"no pin, no authority", invite.Invite{Host: invited.Host, Token: "wrong-token-1"}, control.ErrPin, "whole invite"},
		{"nobody listens", invite.Invite{Host: closed, Token: "wrong-token-1", Pins: invited.Pins}, control.ErrUnreachable, "firewall"},
		{"no such name", invite.Invite{Host: "nobody.invalid:8443", Token: "wrong-token-1", Pins: invited.Pins}, control.ErrUnreachable, "nobody.invalid"},
		{"another server", invite.Invite{Host: other.Listener.Addr().String(), Token: "wrong-token-1", Pins: pinOf(other)}, control.ErrUnreachable, "not a responder"},
		{"no HTTP/2", invite.Invite{Host: old.Listener.Addr().String(), Token: "wrong-token-1", Pins: pinOf(old)}, control.ErrUnreachable, old.Listener.Addr().String()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := control.Open(t.Context(), tt.to, request, &http.Transport{})
			if err == nil {
				_ = c.Close()
				t.Fatal("opened")
			}
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want it to be %q and to say %q", err, tt.want, tt.says)
			}
			if strings.Contains(err.Error(), "wrong-token-1") {
				t.Errorf("the token shows in %v", err)
			}
		})
	}
}

// unused is an address that nobody listens on.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A host that accepts connections and sends nothing is given up within openTimeout.
func TestSilentHost(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 14*time.Second)
	defer cancel()
	_, err = control.Open(ctx, invite.Invite{Host: l.Addr().String(), Token: "t", Pins: [][]byte{make([]byte, 32)}}, request, nil)
	if !errors.Is(err, control.ErrUnreachable) || ctx.Err() != nil {
		t.Errorf("got %v, and the test's own time is %v", err, ctx.Err())
	}
}

// hostile is a responder that answers whatever a test wants.
func hostile(t *testing.T, below func(w http.ResponseWriter, r *http.Request), started ...func(*httptest.Server)) invite.Invite {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == wire.PathSessions {
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(wire.Grant{Version: wire.Version, Session: "s", Media: ":9"})
			return
		}
		below(w, r)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	for _, f := range started {
		f(s)
	}
	return invite.Invite{Host: s.Listener.Addr().String(), Token: "t", Pins: [][]byte{invite.Pin(s.Certificate().RawSubjectPublicKeyInfo)}}
}

// A trace that is cut off or damaged is an error, and never an end.
func TestEventsOfAHostileResponder(t *testing.T) {
	tests := []struct {
		name, body string
		want       error // nil: the end of the session
		lines      int
	}{
		{"whole", `{"call":0}` + "\n" + `{"closed":"stopped"}` + "\n", nil, 2},
		{"cut off", `{"call":0}` + "\n", control.ErrBroken, 1},
		{"no JSON", "hello\n", errAny, 0},
		{"endless line", `{"ended":"` + strings.Repeat("a", 9<<20), control.ErrBroken, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := control.Open(t.Context(), hostile(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, tt.body) }), request, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			lines := 0
			err = c.Events(t.Context(), func(wire.Event) { lines++ })
			if lines != tt.lines || (err == nil) != (tt.want == nil) || tt.want != nil && !errors.Is(tt.want, errAny) && !errors.Is(err, tt.want) {
				t.Errorf("%d lines, %v, want %d and %v", lines, err, tt.lines, tt.want)
			}
		})
	}
}

// A responder that died was reported as "the control connection was cut: unexpected EOF",
// and then as "http2: client conn not usable".
func TestDeadResponderInPlainWords(t *testing.T) {
	var server *httptest.Server
	c, err := control.Open(t.Context(), hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "{}\n")
		_ = http.NewResponseController(w).Flush()
		server.CloseClientConnections()
	}, func(s *httptest.Server) { server = s }), request, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	events := c.Events(t.Context(), func(wire.Event) {})
	finish := c.Finish(t.Context())
	for name, err := range map[string]error{"events": events, "finish": finish} {
		if !errors.Is(err, control.ErrBroken) || strings.Contains(err.Error(), "http2") || strings.Contains(err.Error(), "EOF") || strings.Count(err.Error(), "was cut") != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !errors.Is(events, control.ErrEnded) { // the reader knows that nobody fell silent
		t.Errorf("events: %v", events)
	}
}

var errAny = errors.New("any error")

// An impossible turnaround gives no round trip.
func TestClockOfAHostileResponder(t *testing.T) {
	for _, held := range []string{"", "soon", "-5", "99999999999999"} {
		c, err := control.Open(t.Context(), hostile(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(wire.TurnaroundHeader, held)
			w.WriteHeader(http.StatusNoContent)
		}), request, nil)
		if err != nil {
			t.Fatal(err)
		}
		if rtt, err := c.Clock(t.Context()); err == nil {
			t.Errorf("turnaround %q gave a round trip of %v", held, rtt)
		}
		_ = c.Close()
	}
}
