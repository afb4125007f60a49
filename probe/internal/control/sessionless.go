package control

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"netready/probe/invite"
)

// Connect connects as Open does, and asks for no session: for requests that belong to no
// call. HangUp ends it.
func Connect(ctx context.Context, invite invite.Invite, base *http.Transport) (*Client, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, openTimeout, fmt.Errorf("no answer within %v", openTimeout))
	defer cancel()
	c := &Client{invite: invite, base: base}
	if err := c.connectSomehow(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Request makes one request, and once more over another connection where the first broke
// before an answer came. An answer that is not a success is an error. The caller closes
// the body of the answer, and bounds what is read of it.
func (c *Client) Request(ctx context.Context, method, path string, body io.ReadSeeker) (*http.Response, error) {
	if body == nil {
		return c.send(ctx, method, path, nil)
	}
	return c.send(ctx, method, path, body)
}

// HangUp ends a connection without a session.
func (c *Client) HangUp() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	return c.current().conn.Close()
}
