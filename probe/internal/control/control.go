// Package control is the agent's end of the control connection: one HTTPS connection,
// HTTP/2 over TLS 1.3, for everything except the media. It is one connection, so that a
// load balancer cannot send a part of a session to another responder.
package control

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"netready/probe/invite"

	"netready/probe/internal/dial"
	"netready/probe/internal/portal"
	"netready/probe/internal/wire"
)

// What can be wrong with a responder. Every error of Open wraps one of them.
var (
	ErrToken       = errors.New("the responder refused the token: ask for a new invite")
	ErrPin         = errors.New("the responder is not the one of the invite")
	ErrVersion     = errors.New("this program and the responder speak different versions")
	ErrRefused     = errors.New("the responder refused the call")
	ErrUnreachable = errors.New("the responder cannot be reached")
	ErrBusy        = errors.New("the responder is busy")
	ErrPortal      = errors.New(portal.Words)
)

// noAnswer says how long was waited; as a net.Error it is a time-out.
type noAnswer struct{ within time.Duration }

func (e noAnswer) Error() string { return fmt.Sprintf("no answer within %v", e.within) }

// Timeout says that it is one.
func (e noAnswer) Timeout() bool { return true }

// Temporary is a part of net.Error.
func (e noAnswer) Temporary() bool { return false }

// A TokenError is ErrToken with the responder's reason.
type TokenError struct{ Code string } // "token", "token_expired", "token_used_up", "token_revoked" or "token_reads"

func (e *TokenError) Error() string {
	return fmt.Sprintf("the responder refused the token: %s (%s): ask for a new invite", wire.TokenWords(e.Code), e.Code)
}

// Is makes a TokenError an ErrToken.
func (e *TokenError) Is(target error) bool { return target == ErrToken }

// A RefusedError is ErrRefused with what the responder said.
type RefusedError struct {
	Code     string        // of the reason
	Sentence string        // the same in words
	After    time.Duration // when to ask again, where the responder said that
}

func (e *RefusedError) Error() string { return ErrRefused.Error() + ": " + e.Sentence }

// Is makes a RefusedError an ErrRefused.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// A Busy is ErrBusy with what the responder said.
type Busy struct {
	After    time.Duration // when to ask again
	Ticket   string        // keeps the place in its queue
	Sentence string        // its reason
	Ahead    int           // how many are before this agent in its queue
	Draining bool          // it ends soon: ask another one
}

func (b *Busy) Error() string { return ErrBusy.Error() + ": " + b.Sentence }

// Is makes a Busy an ErrBusy.
func (b *Busy) Is(target error) bool { return target == ErrBusy }

const (
	// closeTimeout bounds the end of a session: the responder forgets it in any case.
	closeTimeout = 2 * time.Second
	// maxAnswer bounds every answer that is one JSON document, maxEvent a line
	// of events.
	maxAnswer = 1 << 20
	// minAfter and maxAfter bound the time that a responder may give for asking again.
	minAfter = time.Second
	maxAfter = time.Minute
	maxEvent = 8 << 20
	// mostAhead bounds the length that a responder may give for its queue.
	mostAhead = 10_000
)

// A Client is an open session with a responder.
type Client struct {
	invite invite.Invite
	grant  wire.Grant
	trace  allowance // how much of it may still come
	base   *http.Transport
	proxy  *url.URL // nil: direct

	granted netip.AddrPort   // of the responders with the invite's name the one that granted, where that is known
	asked   netip.AddrPort   // the one whose answer was lost
	passed  []netip.AddrPort // those that were full or draining

	elsewhere string // the media's host, where that is another

	sessionless bool // results go over it, and no session

	replacing sync.Mutex // held while a broken connection is replaced

	mu     sync.Mutex // guards the rest
	link   *link      // the connection
	closed bool
}

// Open connects and asks for a session. The proxy, the dialing and the trusted
// authorities come from base; nil means the proxy that a browser would use, a direct
// connection where that fails, and the system's authorities.
func Open(ctx context.Context, invite invite.Invite, request wire.Request, base *http.Transport) (*Client, error) {
	term, cancel := dial.NewTerm(ctx, openTimeout, slowOpen, noAnswer{openTimeout})
	defer cancel()
	if request.Version == 0 {
		request.Version = wire.Version
	}
	request.ID = rand.Text()
	c := &Client{invite: invite, base: base}
	if err := c.connectSomehow(term); err != nil {
		return nil, err
	}
	term.Grant(openTimeout) // it is there
	if err := c.ask(term, request); err != nil {
		return nil, err
	}
	err := checkGrant(request, &c.grant)
	if err == nil {
		err = c.settleMedia(term)
	}
	if err != nil {
		return nil, errors.Join(err, c.current().conn.Close())
	}
	c.trace = traceOf(request, c.grant)
	return c, nil
}

// opening makes sure that an error of Open wraps one of the kinds above.
func (c *Client) opening(ctx context.Context, err error) error {
	for _, kind := range []error{ErrToken, ErrPin, ErrVersion, ErrRefused, ErrUnreachable, ErrBusy, ErrPortal, ErrGrant} {
		if errors.Is(err, kind) {
			return err
		}
	}
	return c.unreachable(ctx, err)
}

// Invite is what the session was opened with.
func (c *Client) Invite() invite.Invite { return c.invite }

// Grant is the responder's answer.
func (c *Client) Grant() wire.Grant { return c.grant }

// Remote is the address that the connection goes to, which may be a proxy's, see
// ViaProxy.
func (c *Client) Remote() netip.AddrPort { return c.current().remote }

// ViaProxy is the proxy's address without its password, "" without a proxy.
func (c *Client) ViaProxy() string {
	if c.proxy == nil {
		return ""
	}
	return c.proxy.Redacted()
}

// Media is the host:port of the media socket.
func (c *Client) Media() (string, error) { return c.fill(c.grant.Media) }

// fill completes a host:port of the grant: where the host is empty it is the
// address that we are connected to, or through a proxy the invite's host.
func (c *Client) fill(hostport string) (string, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return "", fmt.Errorf("reading the address %q that the responder gave: %w", hostport, err)
	}
	if host != "" {
		return hostport, nil
	}
	if remote := c.Remote(); c.proxy == nil && remote.IsValid() {
		return net.JoinHostPort(remote.Addr().String(), port), nil
	}
	host, _, err = net.SplitHostPort(c.invite.Host)
	return net.JoinHostPort(host, port), err
}

// OpenPorts asks the responder to open ports for some seconds.
func (c *Client) OpenPorts(ctx context.Context, r wire.PortsRequest) (wire.PortsGrant, error) {
	var g wire.PortsGrant
	if err := c.post(ctx, c.path(wire.PathPorts), r, &g); err != nil {
		return wire.PortsGrant{}, fmt.Errorf("asking the responder for ports: %w", err)
	}
	if err := checkPorts(r, &g); err != nil {
		return wire.PortsGrant{}, err
	}
	return g, nil
}

// Load asks whether the responder was full for this session since it began.
func (c *Client) Load(ctx context.Context) (wire.Load, error) {
	var l wire.Load
	if err := c.exchange(ctx, http.MethodGet, c.path(wire.PathLoad), nil, &l); err != nil {
		return wire.Load{}, fmt.Errorf("asking the responder how busy it is: %w", err)
	}
	return l, nil
}

// Finish tells the responder that the calls are over: Events then gets the rest of the
// traces and returns. The session stays open.
func (c *Client) Finish(ctx context.Context) error {
	if err := c.exchange(ctx, http.MethodPost, c.path(wire.PathFinish), nil, nil); err != nil {
		return fmt.Errorf("finishing the calls: %w", err)
	}
	return nil
}

// Close ends the session and the connection.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), c.Within(closeTimeout))
	defer cancel()
	c.mu.Lock()
	c.closed = true // a broken connection is not replaced any more
	c.mu.Unlock()
	err := c.exchange(ctx, http.MethodDelete, c.path(""), nil, nil)
	if cerr := c.current().conn.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("ending the session: %w", err)
	}
	return nil
}

func (c *Client) path(p string) string { return wire.PathSessions + "/" + c.grant.Session + p }

// post sends one JSON document and reads another.
func (c *Client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.exchange(ctx, http.MethodPost, path, bytes.NewReader(body), out)
}

// exchange makes one request and decodes its answer into out, unless nil.
func (c *Client) exchange(ctx context.Context, method, path string, body io.Reader, out any) error {
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil && c.current().lost(ctx, err) {
		err = broken(err)
	}
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("reading the responder's answer: %w", err)
	}
	return nil
}

// send makes one request, and repeats it over another connection if the first broke
// before an answer came. An answer that is not a success is an error.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	return c.sendWith(ctx, method, path, nil, body)
}

// sendWith is send with further lines of the head.
func (c *Client) sendWith(ctx context.Context, method, path string, head http.Header, body io.Reader) (*http.Response, error) {
	over := c.current()
	resp, err := c.sendOver(ctx, over, method, path, head, body)
	if err == nil || !errors.Is(err, ErrBroken) || !rewound(body) || !c.replaced(ctx, over) {
		return resp, err
	}
	return c.sendOver(ctx, c.current(), method, path, head, body)
}

// rewound makes a body ready to be sent again, if possible.
func rewound(body io.Reader) bool {
	if body == nil {
		return true
	}
	s, ok := body.(io.Seeker)
	if !ok {
		return false
	}
	_, err := s.Seek(0, io.SeekStart)
	return err == nil
}

func (c *Client) sendOver(ctx context.Context, over *link, method, path string, head http.Header, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+c.invite.Host+path, body)
	if err != nil {
		return nil, err
	}
	if req.Body != nil {
		req.Body = &wire.Pieces{ReadCloser: req.Body}
	}
	maps.Copy(req.Header, head)
	req.Header.Set("Authorization", "Bearer "+c.invite.Token)
	resp, err := over.conn.RoundTrip(req)
	if err != nil {
		if over.lost(ctx, err) {
			err = broken(err)
		}
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		return nil, problem(resp)
	}
	return resp, nil
}

// problem turns an answer that is not a success into an error.
func problem(resp *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode == portal.Status {
		return ErrPortal
	}
	var p wire.Problem
	if json.Unmarshal(b, &p) != nil || p.Code == "" {
		return fmt.Errorf("%w: the server there is not a responder of netready (%s): check host and port", ErrUnreachable, resp.Status)
	}
	if wire.TokenWords(p.Code) != "" {
		return &TokenError{p.Code}
	}
	switch p.Code {
	case wire.CodeVersion:
		return fmt.Errorf("%w: %s", ErrVersion, wire.Printable(p.Error, mostWords))
	case wire.CodeBusy, wire.CodeDraining:
		return &Busy{
			After: min(max(p.After, minAfter), maxAfter), Ticket: wire.Printable(p.Ticket, mostWords),
			Sentence: wire.Printable(p.Error, mostWords), Draining: p.Code == wire.CodeDraining, Ahead: min(max(p.Ahead, 0), mostAhead),
		}
	}
	return &RefusedError{Code: wire.Printable(p.Code, mostName), Sentence: wire.Printable(p.Error, mostWords), After: min(max(p.After, 0), maxAfter)}
}

// IsMediaOwn says whether the media goes to the same address as the control
// connection.
func (c *Client) IsMediaOwn() bool {
	media, err := c.Media()
	if err != nil || c.proxy != nil {
		return false
	}
	host, _, err := net.SplitHostPort(media)
	if err != nil {
		return false
	}
	at, err := netip.ParseAddr(host)
	return err == nil && at.Unmap() == c.Remote().Addr()
}
