package responder

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/time/rate"

	"netready/probe/responder/share"
)

// Bounds on control connections. An agent has one. It is a stranger until its first
// request, which takes three round trips: over a satellite, and with a packet lost, that is
// ten seconds.
const (
	firstByteWait    = 8 * time.Second  // for the first byte of the TLS handshake
	authorizedWait   = 15 * time.Second // for a request with the token, from the beginning
	maxConns         = 2048             // in all
	maxStrangers     = 1024             // of them without a session: the rest is for sessions
	connsOfSession   = 4
	strangerBytes    = 256 << 10 // before the first request with the token: a handshake, a head, and what is read ahead
	requestsPerSec   = 50        // of one connection; an agent makes some 30 in its first second, and 20 a second then
	requestsAtOnce   = 200
	handshakesPerSec = 1000 // in all; each costs some 0.2 ms of a core
	strangersAddress = 128  // connections of one address without a session: an office may begin all at once
	acceptAgain      = 50 * time.Millisecond
	protocolHTTP1    = "http/1.1"
)

var (
	errFlood    = errors.New("the peer floods the connection")
	errStranger = errors.New("too many bytes before the first request with the token")
)

func newControlDoor() *share.Door {
	return &share.Door{
		Strangers: share.Caps{strangersAddress, 2 * strangersAddress, 4 * strangersAddress},
		Unproved:  maxStrangers, Total: maxConns, Owner: connsOfSession,
		First: firstByteWait, Proof: authorizedWait,
	}
}

// gate takes the connections of the control port. It accepts everybody. When there are too
// many connections, it closes those that have shown no token. It does the TLS and has HTTP/2
// spoken itself: net/http would keep 8 KiB for HTTP/1 with each connection whose frames are
// counted (framed). As a net.Listener it hands on what speaks HTTP/1.
type gate struct {
	net.Listener // of all
	door         *share.Door
	begins       *share.Pace // of connections
	tls          *tls.Config
	speak        func(*framed) // HTTP/2, until its end
	plain        chan net.Conn // connections that speak HTTP/1
	closed       chan struct{}
	closing      sync.Once
	talks        sync.WaitGroup // serve and talk

	mu   sync.Mutex // guards the rest
	open map[*guarded]struct{}
}

func newGate(l net.Listener, conf *tls.Config) *gate {
	return &gate{
		Listener: l, door: newControlDoor(), begins: share.NewPace(handshakesPerSec), tls: conf,
		plain: make(chan net.Conn), closed: make(chan struct{}), open: map[*guarded]struct{}{},
	}
}

// serve takes connections until Close.
func (g *gate) serve() { g.talks.Go(g.take) }

func (g *gate) take() {
	for {
		under, err := g.next()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(acceptAgain) // this host has no descriptors left
			continue
		}
		g.talks.Go(func() { g.talk(under) })
	}
}

// next is the next connection that is let in.
func (g *gate) next() (*guarded, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
		if !g.begins.Allow(from.Addr(), time.Now()) {
			_ = conn.Close()
			continue
		}
		guest, ok := g.door.Enter(from.Addr(), func() { _ = conn.Close() })
		if !ok {
			_ = conn.Close()
			continue
		}
		return &guarded{Conn: conn, guest: guest, requests: rate.NewLimiter(requestsPerSec, requestsAtOnce), known: make(chan struct{}), over: make(chan struct{})}, nil
	}
}

// talk makes the TLS and serves what is spoken over it. The door ends a handshake that
// takes too long.
func (g *gate) talk(under *guarded) {
	g.note(under)
	defer g.forget(under)
	secure := tls.Server(under, g.tls)
	protocol := ""
	var err error
	onOwnStack(func() {
		err = secure.HandshakeContext(context.Background())
		protocol = secure.ConnectionState().NegotiatedProtocol
	})
	switch {
	case err != nil:
	case protocol == http2.NextProtoTLS:
		g.speak(newFramed(secure, under))
	case protocol == "" || protocol == protocolHTTP1:
		select {
		case g.plain <- secure:
			return
		case <-g.closed:
		}
	}
	_ = under.Close()
}

func (g *gate) note(c *guarded) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[c] = struct{}{}
}

func (g *gate) forget(c *guarded) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, c)
}

// Accept implements net.Listener for the connections that speak HTTP/1.
func (g *gate) Accept() (net.Conn, error) {
	select {
	case conn := <-g.plain:
		return conn, nil
	case <-g.closed:
		return nil, net.ErrClosed
	}
}

// Close lets no connection in any more.
func (g *gate) Close() error {
	g.closing.Do(func() { close(g.closed) })
	return g.Listener.Close()
}

// wait waits for the end of what is spoken, and ends it when ctx is done.
func (g *gate) wait(ctx context.Context) {
	over := context.AfterFunc(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for c := range g.open {
			_ = c.Close()
		}
	})
	defer over()
	g.talks.Wait()
}

// guarded is one control connection below its TLS.
type guarded struct {
	net.Conn
	guest    *share.Guest
	requests *rate.Limiter
	read     atomic.Int64  // bytes
	known    chan struct{} // closed by the first request with the token
	over     chan struct{} // closed by Close

	mu      sync.Mutex // guards the rest
	results int        // requests for results that are being served
	shown   bool       // known is closed
	closed  bool       // over is closed
}

// authorize notes that a request had the token.
func (g *guarded) authorize() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shown {
		g.shown = true
		close(g.known)
	}
}

// waitForToken waits until a request has shown the token: what belongs to that request may
// arrive before its head has been looked at. It returns false if none does in time.
func (g *guarded) waitForToken() bool {
	select {
	case <-g.known:
		return true
	default:
	}
	late := time.NewTimer(authorizedWait)
	defer late.Stop()
	select {
	case <-g.known:
		return true
	case <-g.over:
	case <-late.C:
	}
	return false
}

// busyWithResults counts the connection as known, until the returned function has been
// called for each of the requests that it serves at once.
func (g *guarded) busyWithResults() (done func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.results++; g.results == 1 {
		g.guest.Prove("results " + token(9))
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.results--; g.results == 0 {
			g.guest.Doubt()
		}
	}
}

func (g *guarded) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if n == 0 {
		return n, err
	}
	if total := g.read.Add(int64(n)); total == int64(n) {
		g.guest.Spoke()
	} else if total > strangerBytes && !g.waitForToken() {
		return 0, errStranger
	}
	return n, err
}

func (g *guarded) Close() error {
	g.guest.Closed()
	g.mu.Lock()
	if !g.closed {
		g.closed = true
		close(g.over)
	}
	g.mu.Unlock()
	return g.Conn.Close()
}

type connKey struct{}

// connContext gives a request its connection.
func connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c.(*tls.Conn).NetConn())
}

// connOf is the connection of a request. It is always there, since the server has no
// other listener.
func connOf(r *http.Request) *guarded { return r.Context().Value(connKey{}).(*guarded) }
