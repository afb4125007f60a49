package control_test

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"netready/probe/internal/control"
	"netready/probe/internal/portal"
)

// between passes connections on to the responder. What harm says is done to the
// i-th, counted from 0, after so many bytes of the agent's.
func between(t *testing.T, to string, harm func(i int) (after int64, how string)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var count atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			after, how := harm(int(count.Add(1)) - 1)
			go passOn(t, c, to, after, how)
		}
	}()
	return l.Addr().String()
}

func passOn(t *testing.T, c net.Conn, to string, after int64, how string) {
	t.Helper()
	defer c.Close()
	far, err := new(net.Dialer).DialContext(t.Context(), "tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	if how != "swallow" || after > 0 { // a swallowed start gets no answer at all
		go func() { _, _ = io.Copy(c, far) }()
	}
	if how == "" {
		_, _ = io.Copy(far, c)
		return
	}
	_, _ = io.CopyN(far, c, after)
	switch how {
	case "swallow": // the connection stands, and nothing goes on
		_ = far.SetReadDeadline(time.Now())
		_, _ = io.Copy(io.Discard, c)
	case "reset":
		_ = c.(*net.TCPConn).SetLinger(0)
	}
}

// A session that loses one connection, at any moment, was reported as a responder that
// cannot be reached.
func TestOneLostConnectionEndsNoSession(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, how string
		after     int64 // 0: before the handshake; 300: within it; 2100: within the request
		lost      int   // so many connections, the first ones
	}{
		{"silent before the handshake", "swallow", 0, 1},
		{"silent twice", "swallow", 0, 2},
		{"silent in the handshake", "swallow", 300, 1},
		{"silent after it", "swallow", 1900, 1},
		{"reset at once", "reset", 0, 1},
		{"reset in the handshake", "reset", 300, 2},
		{"closed at once", "close", 0, 2},
		{"closed in the request", "close", 1900, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			invited := far(t)
			invited.Host = between(t, invited.Host, func(i int) (int64, string) {
				if i < test.lost {
					return test.after, test.how
				}
				return 0, ""
			})
			c, err := control.Open(t.Context(), invited, request, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Clock(t.Context()); err != nil {
				t.Error(err)
			}
			_ = c.Close()
		})
	}
}

// A portal that answers in the responder's place is named.
func TestPortalInTheRespondersPlace(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1000))
			_, _ = io.WriteString(c, "HTTP/1.1 511 Network Authentication Required\r\n\r\n")
			_ = c.Close()
		}
	}()
	invited := far(t)
	invited.Host = l.Addr().String()
	if _, err := control.Open(t.Context(), invited, request, nil); !errors.Is(err, control.ErrPortal) || !errors.Is(err, control.ErrUnreachable) {
		t.Errorf("got %v, want %q", err, portal.Words)
	}
}
