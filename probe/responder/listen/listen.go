// Package listen answers the firewall checks on the responder's side: on fixed
// ports that speak STUN, DNS, SIP and TLS, and on ports that it opens for a
// session for some seconds. Every answer contains a proof made with the session's
// nonce, is no larger than its question, and goes only to an agent that knows the
// nonce; everything else is not answered.
package listen

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"

	"netready/probe/internal/wire"
	"netready/probe/responder/share"
)

// Config says where to listen.
type Config struct {
	Spec      string       // see ParseSpec; "": nowhere
	Addresses []string     // to bind; none: all. Two of them allow RFC 5780's tests
	TLS       *tls.Config  // certificate of the TLS ports; nil: there are none
	Nonce     wire.NonceOf // finds the sessions
	MayAnswer MayAnswer    // nil: every question is answered, however often
}

// MayAnswer says whether a session's question from an address may be answered, also
// when it is repeated. Over TCP the address is the zero one: a connection proves it.
// A question is identified by the bytes that its proof covers, so that a copy of an
// overheard question, sent with a victim's address, is recognised as a copy even
// if its other bytes were changed.
type MayAnswer func(id wire.KnockID, question [16]byte, from netip.AddrPort) bool

func (may MayAnswer) allows(id wire.KnockID, question [16]byte, from netip.AddrPort) bool {
	return may == nil || may(id, question, from)
}

// Name identifies a question by some of its bytes.
func Name(b []byte) [16]byte {
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// A Set is a group of open ports and what serves them.
type Set struct {
	config  Config
	cancel  context.CancelFunc
	ctx     context.Context // ends when the set is closed: delayed answers stop
	sockets []*socket
	streams []stream
	ports   []wire.Listener
	skipped []error
	door    share.Door // of the TCP connections
	wg      sync.WaitGroup
	delayed Delayed
}

// stream is one open TCP port.
type stream struct {
	net.Listener
	secure bool // it speaks TLS
}

// Start opens the ports of a spec and answers on them until Close.
func Start(ctx context.Context, c Config) (*Set, error) {
	ports, err := ParseSpec(c.Spec)
	if err != nil {
		return nil, err
	}
	if len(c.Addresses) == 0 {
		c.Addresses = []string{""}
	}
	s := &Set{config: c, door: newDoor()}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for _, p := range ports {
		err := s.open(ctx, p)
		switch {
		case err != nil && p.optional:
			s.skipped = append(s.skipped, err)
		case err != nil:
			s.Close()
			return nil, err
		}
	}
	s.serve()
	return s, nil
}

// open listens on one port, on all addresses. Port 0 is one that is free.
func (s *Set) open(ctx context.Context, p Port) error {
	if p.Transport == "tls" && s.config.TLS == nil {
		return fmt.Errorf("listening on %s: there is no certificate", p)
	}
	var lc net.ListenConfig
	for _, address := range s.config.Addresses {
		at := net.JoinHostPort(address, strconv.Itoa(p.Number))
		if p.Transport == "udp" {
			c, err := lc.ListenPacket(ctx, "udp", at)
			if err != nil {
				return fmt.Errorf("listening on %s: %w", p, err)
			}
			u := c.(*net.UDPConn)
			p.Number = u.LocalAddr().(*net.UDPAddr).Port
			s.sockets = append(s.sockets, &socket{set: s, conn: u, port: p.Number})
			continue
		}
		l, err := lc.Listen(ctx, "tcp", at)
		if err != nil {
			return fmt.Errorf("listening on %s: %w", p, err)
		}
		p.Number = l.Addr().(*net.TCPAddr).Port
		s.streams = append(s.streams, stream{l, p.Transport == "tls"})
	}
	for _, protocol := range Speaks(p.Transport) {
		s.ports = append(s.ports, wire.Listener{Protocol: protocol, Port: p.Number})
	}
	return nil
}

func (s *Set) serve() {
	for _, socket := range s.sockets {
		s.wg.Go(socket.serve)
	}
	for _, l := range s.streams {
		s.wg.Go(func() { s.accept(l) })
	}
}

// Turned says for which addresses TCP connections were closed because the
// responder was full.
func (s *Set) Turned() *share.Turned { return &s.door.Turned }

// Listeners are the open ports, once for each protocol that they speak.
func (s *Set) Listeners() []wire.Listener { return slices.Clone(s.ports) }

// Skipped are the ports of "standard" that could not be opened, and why.
func (s *Set) Skipped() []error { return slices.Clone(s.skipped) }

// Serves reports whether one of the open UDP ports has this number.
func (s *Set) Serves(port int) bool {
	return slices.ContainsFunc(s.sockets, func(k *socket) bool { return k.port == port })
}

// Close closes all ports and waits for what serves them.
func (s *Set) Close() error {
	s.cancel()
	var errs []error
	for _, k := range s.sockets {
		errs = append(errs, k.conn.Close())
	}
	for _, l := range s.streams {
		errs = append(errs, l.Close())
	}
	s.wg.Wait()
	return errors.Join(errs...)
}
