// Package contact is a connection to a responder for requests that belong to no call:
// results are sent home over it, and read. It is made like a call's control connection,
// with the same TLS, pins and proxy.
package contact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"netready/probe/internal/control"
	"netready/probe/invite"
)

// What can go wrong on the way; an error wraps one of them, is a Refused, or the context's.
var (
	ErrToken       = control.ErrToken       // the invite is no good (any more)
	ErrPin         = control.ErrPin         // another host answered
	ErrUnreachable = control.ErrUnreachable // nobody did, or no responder of netready
	ErrBroken      = control.ErrBroken      // the connection ended before the answer
)

// A Refused is an answer that is not a success.
type Refused struct {
	Code     string        // of package results or wire; "busy" and "draining" for now
	Sentence string        // the same in words, ready to be shown
	After    time.Duration // when to ask again; 0: not said
}

func (r *Refused) Error() string { return r.Sentence }

// A TokenError is ErrToken with its code.
type TokenError = control.TokenError

// Conn is such a connection.
type Conn struct{ client *control.Client }

// Open connects to the responder of an invite. The proxy, the dialing and the trusted
// authorities come from base; nil is as for a call.
func Open(ctx context.Context, to invite.Invite, base *http.Transport) (*Conn, error) {
	client, err := control.Connect(ctx, to, base)
	if err != nil {
		return nil, err
	}
	return &Conn{client}, nil
}

// Do makes one request with the invite's token; path has its query. The answer is a success
// (2xx): its body is the caller's to bound and to close. Where the connection breaks before
// an answer, the request is made once more over another one: it may arrive twice.
func (c *Conn) Do(ctx context.Context, method, path string, body io.ReadSeeker) (*http.Response, error) {
	return succeeded(c.client.Request(ctx, method, path, nil, body))
}

// Get asks for something, with further lines of the head. Where the connection breaks while
// the body of the answer is read, that is an ErrBroken too.
func (c *Conn) Get(ctx context.Context, path string, head http.Header) (*http.Response, error) {
	answer, err := succeeded(c.client.Request(ctx, http.MethodGet, path, head, nil))
	if err == nil {
		answer.Body = breakable{answer.Body, ctx}
	}
	return answer, err
}

// breakable is a body whose end before its time is an ErrBroken.
type breakable struct {
	io.ReadCloser

	ctx context.Context //nolint:containedctx // of the request that it answers
}

func (b breakable) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && b.ctx.Err() == nil {
		err = control.Broken(err)
	}
	return n, err
}

// succeeded returns the answer of a request, or an error for an answer that is not a success.
func succeeded(answer *http.Response, err error) (*http.Response, error) {
	if refused, ok := errors.AsType[*control.RefusedError](err); ok {
		return nil, &Refused{Code: refused.Code, Sentence: refused.Sentence, After: refused.After}
	}
	if busy, ok := errors.AsType[*control.Busy](err); ok {
		code := map[bool]string{true: "draining", false: "busy"}[busy.Draining]
		return nil, &Refused{Code: code, Sentence: busy.Sentence, After: busy.After}
	}
	if err != nil {
		return nil, fmt.Errorf("asking the responder: %w", err)
	}
	return answer, nil
}

// Within is the time for a step that takes d on a quick path: more on a slow one.
func (c *Conn) Within(d time.Duration) time.Duration { return c.client.Within(d) }

// Abort ends the connection at once, and throws away what was not sent yet: nothing of it may go
// over the line beside a measurement.
func (c *Conn) Abort() { c.client.Abort() }

// Close ends the connection.
func (c *Conn) Close() error { return c.client.HangUp() }
