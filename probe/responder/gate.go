package responder

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/time/rate"

	"netready/probe/responder/share"
)

// Bounds on control connections. An agent has one. It is a stranger until its first
// request, which takes three round trips.
const (
	firstByteWait    = 3 * time.Second // for the first byte of the TLS handshake
	authorizedWait   = 5 * time.Second // for a request with the token, from the beginning
	maxConns         = 2048            // in all
	maxStrangers     = 1024            // of them without a session: the rest is for sessions
	connsOfSession   = 4
	strangerBytes    = 256 << 10 // before the first request with the token: a handshake, a head, and what is read ahead
	requestsPerSec   = 50        // of one connection; an agent makes some 30 in its first second, and 20 a second then
	requestsAtOnce   = 200
	handshakesPerSec = 1000 // in all; each costs some 0.2 ms of a core
	strangersAddress = 128  // connections of one address without a session: an office may begin all at once
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

// gate is the listener of the control port. It accepts everybody. When there are too many
// connections, it closes those that have shown no token.
type gate struct {
	net.Listener
	door   *share.Door
	begins *share.Pace // of connections
	tls    *tls.Config
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
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
		under := &guarded{Conn: conn, guest: guest, requests: rate.NewLimiter(requestsPerSec, requestsAtOnce)}
		secure := tls.Server(under, g.tls)
		return &framed{
			Conn: secure, secure: secure, under: under,
			skip: len(http2.ClientPreface), left: framesAtOnce, at: time.Now(),
		}, nil
	}
}

// guarded is one control connection below its TLS.
type guarded struct {
	net.Conn
	guest      *share.Guest
	requests   *rate.Limiter
	authorized atomic.Bool
	read       atomic.Int64 // bytes
}

func (g *guarded) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if n == 0 {
		return n, err
	}
	if total := g.read.Add(int64(n)); total == int64(n) {
		g.guest.Spoke()
	} else if total > strangerBytes && !g.authorized.Load() {
		return 0, errStranger
	}
	return n, err
}

func (g *guarded) Close() error {
	g.guest.Closed()
	return g.Conn.Close()
}

type connKey struct{}

// connContext gives a request its connection.
func connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c.(*framed).under)
}

// connOf is the connection of a request. It is always there, since the server has no
// other listener.
func connOf(r *http.Request) *guarded { return r.Context().Value(connKey{}).(*guarded) }
