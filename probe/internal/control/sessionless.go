package control

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"netready/probe/internal/dial"
	"netready/probe/invite"
)

// Connect connects as Open does, and asks for no session: for requests that belong to no
// call. HangUp ends it, or Abort.
func Connect(ctx context.Context, invite invite.Invite, base *http.Transport) (*Client, error) {
	ctx, cancel := dial.NewTerm(ctx, openTimeout, slowOpen, fmt.Errorf("no answer within %v", openTimeout))
	defer cancel()
	c := &Client{invite: invite, base: base, sessionless: true}
	if err := c.connectSomehow(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Request makes one request, with further lines of the head, and once more over another
// connection where the first broke before an answer came. An answer that is not a success
// is an error. The caller closes the body of the answer, and bounds what is read of it.
func (c *Client) Request(ctx context.Context, method, path string, head http.Header, body io.ReadSeeker) (*http.Response, error) {
	if body == nil {
		return c.sendWith(ctx, method, path, head, nil)
	}
	return c.sendWith(ctx, method, path, head, body)
}

// Broken is an ErrBroken with the cause in the words of a network, for what went wrong
// while the body of an answer was read.
func Broken(err error) error { return broken(err) }

// HangUp ends a connection without a session.
func (c *Client) HangUp() error { return c.close().conn.Close() }

// Abort ends it at once: what was not sent yet never is, so that nothing of it goes over the
// line beside a measurement (RFC 9293, 3.10.5). What is on its way then, mostUnsent at most,
// arrives within moments.
func (c *Client) Abort() {
	l := c.close()
	if tcp, ok := l.below.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = l.below.Close()
	_ = l.conn.Close()
}

// close keeps the connection from being replaced, and returns it.
func (c *Client) close() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.link
}
