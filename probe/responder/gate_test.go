package responder

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"netready/probe/internal/wire"
	"netready/probe/responder/share"
)

// stranger connects to the control port from an address, over TLS if a
// protocol is named.
func stranger(ctx context.Context, s *Server, from string, protocol string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0)), Timeout: 5 * time.Second}
	c, err := d.DialContext(ctx, "tcp", s.ControlAddr())
	if err != nil || protocol == "" {
		return c, err
	}
	secure := tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return secure, nil
}

// otherAddress is one of another prefix than the agent's, where there is one.
func otherAddress() string {
	if runtime.GOOS == "linux" {
		return "127.0.31.1"
	}
	return "127.0.0.1"
}

// hold opens connections until the test is over, each renewed as it is cut.
func hold(t *testing.T, s *Server, size int, protocol, says string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	open := make(chan struct{}, size)
	for range size {
		wg.Go(func() {
			for range 100 {
				c, err := stranger(ctx, s, otherAddress(), protocol)
				if err == nil {
					_, _ = io.WriteString(c, says)
				}
				select {
				case open <- struct{}{}:
				default:
				}
				if err == nil {
					stop := context.AfterFunc(ctx, func() { _ = c.Close() })
					_, _ = io.Copy(io.Discard, c)
					stop()
					_ = c.Close()
				}
				select {
				case <-ctx.Done():
					return
				case <-time.After(200 * time.Millisecond):
				}
			}
		})
	}
	for range size {
		select {
		case <-open:
		case <-time.After(20 * time.Second):
			t.Fatal("the stranger's connections do not come in")
		}
	}
}

const silentHTTP2 = http2.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// Strangers without a token try to hold more connections than the control port accepts, of
// each kind, and an agent still gets its session and its figures at once.
func TestStrangersDoNotCloseTheControlPort(t *testing.T) {
	for _, test := range []struct{ name, protocol, says string }{
		{"silent TCP", "", ""},
		{"silent HTTP/2", "h2", silentHTTP2},
		{"half a request", "http/1.1", "GET /i HTTP/1.1\r\nHost: x\r\n"},
		{"half a body", "http/1.1", "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, Local())
			before := open(t, s, request) // a session under way keeps its place
			size := 300
			if test.protocol == "" {
				size = 2200 // no handshake to pay for
			}
			hold(t, s, size, test.protocol, test.says)
			c := open(t, s, request)
			if _, err := c.Clock(t.Context()); err != nil {
				t.Errorf("the new session: %v", err)
			}
			if _, err := before.Clock(t.Context()); err != nil {
				t.Errorf("the session under way: %v", err)
			}
		})
	}
}

// A connection that shows no token in time is closed, whatever it sends meanwhile; so is
// one that shows it and asks for nothing, and one that floods.
func TestControlConnectionsThatEnd(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	frames := func(write func(*http2.Framer) error) func(net.Conn) error {
		return func(c net.Conn) error {
			go func() { _, _ = io.Copy(io.Discard, c) }()
			if _, err := io.WriteString(c, silentHTTP2); err != nil {
				return err
			}
			f := http2.NewFramer(c, nil)
			for range 200_000 { // bounded: a responder that never ends it fails the test
				if err := write(f); err != nil {
					return err
				}
			}
			return nil
		}
	}
	perByte := func(text string) func(net.Conn) error {
		return func(c net.Conn) error {
			for i := range len(text) {
				if _, err := io.WriteString(c, text[i:i+1]); err != nil {
					return err
				}
				if err := c.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
					return err
				}
				if _, err := io.Copy(io.Discard, c); err == nil || !isTimeout(err) {
					return io.EOF
				}
			}
			return nil
		}
	}
	// begun is a head without its end, which CONTINUATION frames continue without end.
	begun := func(part []byte) func(net.Conn) error {
		first := true
		return frames(func(f *http2.Framer) error {
			if first {
				first = false
				return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block()})
			}
			return f.WriteContinuation(1, false, part)
		})
	}
	var head [1 << 10]byte
	stream := uint32(1)
	for _, test := range []struct {
		name, protocol string
		do             func(net.Conn) error
	}{
		{"SETTINGS", "h2", frames(func(f *http2.Framer) error { return f.WriteSettings() })},
		{"PING", "h2", frames(func(f *http2.Framer) error { return f.WritePing(false, [8]byte{}) })},
		{"WINDOW_UPDATE", "h2", frames(func(f *http2.Framer) error { return f.WriteWindowUpdate(0, 1) })},
		{"PRIORITY", "h2", frames(func(f *http2.Framer) error {
			return f.WritePriority(1, http2.PriorityParam{StreamDep: 3})
		})},
		{"requests that are reset", "h2", frames(func(f *http2.Framer) error {
			b := block()
			err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: b, EndHeaders: true, EndStream: true})
			stream += 2
			return errors.Join(err, f.WriteRSTStream(stream-2, http2.ErrCodeCancel))
		})},
		{"CONTINUATION of nothing", "h2", begun(nil)},
		{"CONTINUATION of much", "h2", begun(bytes.Repeat([]byte{0x80 | 2}, 8<<10))}, // indexed fields, RFC 7541 6.1
		{"DATA of nothing", "h2", func(c net.Conn) error {
			first := true
			return frames(func(f *http2.Framer) error {
				if first {
					first = false
					return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(), EndHeaders: true})
				}
				return f.WriteData(1, false, nil)
			})(c)
		}},
		{"an answer that is not read", "h2", func(c net.Conn) error {
			f := http2.NewFramer(c, c)
			if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
				return err
			}
			err := f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
			return errors.Join(err, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(), EndHeaders: true, EndStream: true}), silence(c))
		}},
		{"TLS byte by byte", "", perByte("\x16\x03\x01\x00\xf0\x01\x00\x00\xec\x03\x03" + strings.Repeat("x", 300))},
		{"HTTP/2 byte by byte", "h2", perByte(silentHTTP2 + strings.Repeat("\x00", 300))},
		{"HTTP/1 byte by byte", "http/1.1", perByte("GET /i HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 100))},
		{"a long head", "http/1.1", func(c net.Conn) error {
			_, err := io.WriteString(c, "GET /i HTTP/1.1\r\n")
			for range 10_000 {
				if _, err = c.Write(head[:]); err != nil {
					return err
				}
			}
			return err
		}},
		{"nothing at all", "", silence},
		{"a handshake alone", "h2", silence},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := stranger(t.Context(), s, "127.0.0.1", test.protocol)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if err := test.do(c); err == nil || isTimeout(err) {
				t.Errorf("the responder does not end it (%v)", err)
			}
		})
	}
}

func silence(c net.Conn) error {
	_, err := io.Copy(io.Discard, c)
	if err == nil {
		err = io.EOF
	}
	return err
}

// block is the head of a request without a token.
func block() []byte {
	var b writer
	e := hpack.NewEncoder(&b)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/i"}} {
		_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	return b
}

type writer []byte

func (w *writer) Write(b []byte) (int, error) { *w = append(*w, b...); return len(b), nil }

// A session has a few connections and no more; when the session is over, its connections
// count as a stranger's again, and end.
func TestConnectionsOfOneSession(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	c := open(t, s, request)
	ask := func() *http.Client {
		h := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}, Timeout: 5 * time.Second}
		t.Cleanup(h.CloseIdleConnections)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.ControlAddr()+wire.PathSessions+"/"+c.Grant().Session+wire.PathClock, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.config.Identity.Token)
		answer, err := h.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return h
	}
	for range 3 * connsOfSession {
		ask()
	}
	if strangers, proved := s.door.Count(); proved > connsOfSession {
		t.Errorf("%d connections of one session, %d others, want %d at most", proved, strangers, connsOfSession)
	}
	s.drop(s.find(c.Grant().Session), "stopped") // the agent was not told of it
	if strangers, proved := s.door.Count(); proved != 0 {
		t.Errorf("%d connections of a session that is over, %d others", proved, strangers)
	}
}

// Bodies where none belongs, or larger than allowed, are refused without being read.
func TestUnwantedBodies(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	session := wire.PathSessions + "/" + open(t, s, request).Grant().Session
	for _, test := range []struct {
		method, path string
		size         int64 // -1: not announced
		want         int
	}{
		{"GET", session + wire.PathClock, 4 << 20, http.StatusBadRequest},
		{"GET", session + wire.PathEvents, 4 << 20, http.StatusBadRequest},
		{"GET", session + wire.PathClock, -1, http.StatusBadRequest},
		{"GET", "/i", 4 << 20, http.StatusBadRequest},
		{"DELETE", session, 100, http.StatusBadRequest},
		{"POST", session + wire.PathPorts, 4 << 20, http.StatusRequestEntityTooLarge},
		{"POST", session + wire.PathFinish, 4 << 20, http.StatusRequestEntityTooLarge},
		{"POST", wire.PathSessions, 4 << 20, http.StatusRequestEntityTooLarge},
	} {
		for _, two := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s %d HTTP/2 %v", test.method, path.Base(test.path), test.size, two), func(t *testing.T) {
				transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: two}
				defer transport.CloseIdleConnections()
				body, feed := io.Pipe() // it never comes
				defer feed.Close()
				r, err := http.NewRequestWithContext(t.Context(), test.method, "https://"+s.ControlAddr()+test.path, body)
				if err != nil {
					t.Fatal(err)
				}
				r.ContentLength = test.size
				r.Header.Set("Authorization", "Bearer "+s.config.Identity.Token)
				answer, err := (&http.Client{Transport: transport, Timeout: 4 * time.Second}).Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = answer.Body.Close()
				if answer.StatusCode != test.want {
					t.Errorf("status %d, want %d", answer.StatusCode, test.want)
				}
			})
		}
	}
}

// One address may begin a limited number of connections at once; an agent from another
// address is still accepted.
func TestHandshakesArePaced(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(listener, &tls.Config{})
	g.begins = share.NewPace(1)
	accepted := make(chan string, 100)
	go func() {
		defer close(accepted)
		for {
			c, err := g.next()
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
			accepted <- host
		}
	}()
	for i := range 21 {
		from := otherAddress()
		if i == 20 {
			from = "127.0.0.1"
		}
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))}
		c, err := d.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	time.Sleep(200 * time.Millisecond) // by then a connection that was dialed is accepted, or it is not
	_ = listener.Close()
	got := map[string]int{}
	for host := range accepted {
		got[host]++
	}
	if n := got[otherAddress()]; n < 1 || n > 15 || got["127.0.0.1"] != 1 {
		t.Errorf("of 20 and 1 at once %v were let in, want some and 1", got)
	}
}

// fewDescriptors is a listener of a host that has no descriptors left for a while.
type fewDescriptors struct {
	net.Listener
	refuses int
}

func (l *fewDescriptors) Accept() (net.Conn, error) {
	if l.refuses > 0 {
		l.refuses--
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

// A host without descriptors accepts no connection, and goes on when it has some again.
func TestNoDescriptorsLeft(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(&fewDescriptors{listener, 3}, &tls.Config{})
	g.serve()
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 100 {
		if strangers, _ := g.door.Count(); strangers == 1 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if strangers, _ := g.door.Count(); strangers != 1 {
		t.Error("no connection came in any more")
	}
	_ = c.Close()
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	g.wait(t.Context())
}

// Only TLS 1.3 is spoken, which has no renegotiation (RFC 8446 4.1.2).
func TestNoOlderTLS(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	c, err := tls.Dial("tcp", s.ControlAddr(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		_ = c.Close()
		t.Error("TLS 1.2 is spoken")
	}
}
