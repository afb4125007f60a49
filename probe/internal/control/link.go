package control

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"netready/probe/internal/dial"
	"netready/probe/internal/portal"
	"netready/probe/internal/proxy"
	"netready/probe/internal/wire"
)

const (
	// openTimeout bounds Open, and connectTimeout a responder that is silent, so
	// that another one still gets its turn within the 15 s that a user waits. Where a name
	// is answered or a connection accepted, slowly, there is more time.
	openTimeout    = 15 * time.Second
	connectTimeout = 8 * time.Second
	// slowOpen and slowConnect bound that.
	slowOpen    = 45 * time.Second
	slowConnect = 20 * time.Second
	// requestTimeout is for the request that opens the session. TCP repeats what is
	// lost; a connection that is silent for so long is replaced by another.
	requestTimeout = 5 * time.Second
	// replaceTimeout is for another connection in place of a broken one: enough for an
	// outage of a second, not for the restart of a responder.
	replaceTimeout = 3 * time.Second
	requests       = 3
	// refusals in a row prove that nothing listens there.
	refusals = 3
	// handshakeTrips are those of a handshake with one flight lost, and handshakeTimeout
	// bounds one: another try overlaps it.
	handshakeTrips   = 6
	handshakeTimeout = 12 * time.Second
	// slowTrips are the round trips that a step may take in addition to its time on a
	// quick path: a question, and one that TCP sends again after two more.
	slowTrips = 3
	// slowestTrip bounds what connecting says of the path: a SYN that was sent again
	// takes longer than a round trip.
	slowestTrip = 4 * time.Second
	// mostUnsent bounds what of a result is on its way at once, in bytes: half a second of a
	// line of 1 Mbit/s, and 5 Mbit/s over a round trip of 100 ms.
	mostUnsent = 64 << 10
)

// link is the connection to the responder.
type link struct {
	conn   *http.ClientConn
	below  net.Conn       // the TCP connection that it goes over
	remote netip.AddrPort // a proxy's where there is one
	trip   time.Duration  // how long connecting took
}

// Within is the time for a step that takes d on a quick path: more on a slow one.
func (c *Client) Within(d time.Duration) time.Duration {
	l := c.current()
	if l == nil {
		return d
	}
	return d + slowTrips*min(l.trip, slowestTrip)
}

// connect makes the one connection. Its tries overlap, each with its own handshake, so
// that a lost packet delays only one of them. What a try finds out about the far end,
// such as another key than the invite's, is final.
func (c *Client) connect(ctx context.Context) error {
	term, cancel := dial.NewTerm(ctx, connectTimeout, slowConnect, fmt.Errorf("no answer within %v", connectTimeout))
	defer cancel()
	var to []netip.AddrPort
	if c.base.DialContext == nil {
		var err error
		if to, err = c.addresses(term); err != nil {
			return c.unreachable(term, err)
		}
		term.Grant(connectTimeout)
	}
	var refused atomic.Int32
	final := func(err error) bool {
		if dial.IsRefused(err) {
			return int(refused.Add(1)) >= max(refusals, len(to))
		}
		_, unknown := errors.AsType[*tls.CertificateVerificationError](err)
		return unknown || errors.Is(err, ErrPin) || errors.Is(err, ErrPortal)
	}
	found, err := dial.Overlap(term, dial.Connect, func(ctx context.Context, i int) (*link, error) {
		return c.try(ctx, to, i, func(took time.Duration) { term.Grant(handshakeTrips * took) })
	}, final, func(l *link) { _ = l.conn.Close() })
	if err != nil {
		return c.unreachable(term, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = found
	return nil
}

// addresses are those that a connection may go to: one name may have several
// responders. After one of them granted, only that one knows the session. Before, those
// that were full or draining are left out, and one whose answer was lost comes first: it
// may have granted.
func (c *Client) addresses(ctx context.Context) ([]netip.AddrPort, error) {
	if c.granted.IsValid() {
		return []netip.AddrPort{c.granted}, nil
	}
	all, err := dial.Addresses(ctx, nil, c.nextHop())
	if err != nil || c.proxy != nil {
		return all, err
	}
	all = slices.DeleteFunc(all, func(a netip.AddrPort) bool { return slices.Contains(c.passed, plain(a)) })
	if i := slices.IndexFunc(all, func(a netip.AddrPort) bool { return plain(a) == c.asked }); i > 0 {
		all[0], all[i] = all[i], all[0]
	}
	return all, nil
}

// plain is an address in the form in which two of them can be compared.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// passOn connects to another responder of the name, in place of the one that was full
// or draining, if there is one.
func (c *Client) passOn(ctx context.Context) bool {
	if c.proxy != nil || c.base.DialContext != nil {
		return false
	}
	c.passed = append(c.passed, c.Remote())
	others, err := c.addresses(ctx)
	return err == nil && len(others) > 0 && c.connect(ctx) == nil
}

// current is the current connection.
func (c *Client) current() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}

// replaced makes another connection in place of a broken one; the first goroutine that
// notices it does that. The session remains: the responder finds it by its name and the
// token.
func (c *Client) replaced(ctx context.Context, broken *link) bool {
	c.replacing.Lock()
	defer c.replacing.Unlock()
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed || ctx.Err() != nil {
		return false
	}
	if c.current() != broken {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, c.Within(replaceTimeout))
	defer cancel()
	return c.connect(ctx) == nil
}

// connectSomehow connects through the proxy, if there is one. If it is the machine's and
// does not work, it tries a direct connection.
func (c *Client) connectSomehow(ctx context.Context) error {
	own := c.base == nil
	if own {
		c.base = &http.Transport{Proxy: proxy.System(ctx).Request}
	}
	if err := c.chooseProxy(ctx); err != nil {
		return err
	}
	err := c.connect(ctx)
	if err == nil || c.proxy == nil || !own || ctx.Err() != nil || !errors.Is(err, ErrUnreachable) {
		return err
	}
	c.base, c.proxy = &http.Transport{}, nil
	if c.connect(ctx) != nil {
		return err // the proxy is what this machine is set up with
	}
	return nil
}

// nextHop is the host:port that the connection goes to.
func (c *Client) nextHop() string {
	if c.proxy == nil {
		return c.invite.Host
	}
	usual := map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[c.proxy.Scheme]
	return net.JoinHostPort(c.proxy.Hostname(), cmp.Or(c.proxy.Port(), usual, "80"))
}

// try connects once, to the i-th address. accepted is told how long it took until the
// connection stood, before its handshake.
func (c *Client) try(ctx context.Context, to []netip.AddrPort, i int, accepted func(time.Duration)) (*link, error) {
	l := &link{}
	var heard atomic.Pointer[portal.Conn]
	t := c.transport(c.base)
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		began := time.Now()
		conn, err := dialed(ctx, c.base, to, i, network, address)
		if err != nil {
			return nil, err
		}
		l.trip = time.Since(began)
		accepted(l.trip)
		if a, aerr := netip.ParseAddrPort(conn.RemoteAddr().String()); aerr == nil {
			l.remote = plain(a)
		}
		if tcp, ok := conn.(*net.TCPConn); ok && c.sessionless {
			_ = tcp.SetWriteBuffer(mostUnsent) // without it more is on its way when Abort ends it
		}
		l.below = conn
		listening := portal.Listen(conn)
		heard.Store(listening)
		return listening, nil
	}
	var err error
	l.conn, err = t.NewClientConn(ctx, "https", c.invite.Host)
	if at := heard.Load(); err != nil && at != nil && at.Says() {
		err = ErrPortal
	}
	return l, err
}

func dialed(ctx context.Context, base *http.Transport, to []netip.AddrPort, i int, network, address string) (net.Conn, error) {
	if base.DialContext != nil {
		return base.DialContext(ctx, network, address)
	}
	return dial.One(ctx, to[i%len(to)])
}

// ask asks the responders of the name for the session, one after the other, until one
// grants. If none does, the error is the first one's.
func (c *Client) ask(ctx context.Context, request wire.Request) error {
	var first error
	for {
		err := c.askOne(ctx, request)
		if err == nil && c.proxy == nil && c.base.DialContext == nil {
			c.granted = c.Remote()
		}
		if err == nil || !errors.Is(err, ErrBusy) {
			return err
		}
		if first == nil {
			first = err
		}
		if !c.passOn(ctx) {
			return first
		}
	}
}

// askOne asks one responder. A connection that breaks or is silent is replaced:
// the responder forgets a session that nobody uses.
func (c *Client) askOne(ctx context.Context, request wire.Request) error {
	var err error
	for i := range requests {
		if i > 0 {
			_ = c.current().conn.Close() // it cannot be used any more
			c.asked = c.Remote()
			if err := c.connect(ctx); err != nil {
				return err
			}
		}
		timeout := c.Within(requestTimeout)
		limited, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
		err = c.post(limited, wire.PathSessions, request, &c.grant)
		silent := limited.Err() != nil
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !silent && !errors.Is(err, ErrBroken) {
			break
		}
	}
	return errors.Join(c.opening(ctx, err), c.current().conn.Close())
}
