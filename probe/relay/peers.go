package relay

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/stamp"
	"netready/probe/internal/turn"
)

const (
	// helloEvery and helloWait: a loop is tried so often that a path that loses half
	// of all packets passes.
	helloEvery = 100 * time.Millisecond
	helloWait  = 3 * time.Second
)

// errNothingBack is of a loop through which nothing came.
var errNothingBack = errors.New("nothing that was sent into the relay came back")

// join opens the loop's relays and tries it.
func (s *Session) join(ctx context.Context, l *loop, peer string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*openWait)
	defer cancel()
	var err error
	if peer == facts.PeerPublic {
		err = s.joinPublic(ctx, l)
	} else {
		err = s.joinRelays(ctx, l)
	}
	if err == nil {
		err = l.greet(ctx)
	}
	if err != nil {
		l.release(ctx)
		l.first, l.second, l.socket = nil, nil, nil
	}
	return err
}

// joinRelays opens two relays, each permitted for the other.
func (s *Session) joinRelays(ctx context.Context, l *loop) error {
	var err error
	if l.first, err = s.allocate(ctx, s.endpoint(l.up), s.account, nil); err != nil {
		return err
	}
	if l.second, err = s.allocate(ctx, s.endpoint(l.down), s.account, l.take); err != nil {
		return err
	}
	if err := l.first.Bind(ctx, channel, l.second.Relayed); err != nil {
		return err
	}
	return l.second.Bind(ctx, channel, l.first.Relayed)
}

// endpoint is the server's endpoint for a transport.
func (s *Session) endpoint(t turn.Transport) turn.Endpoint {
	if t.IsReliable() {
		return *s.reliable
	}
	return *s.datagram
}

// joinPublic opens one relay and a socket that is its peer. The socket is on the
// side that goes by UDP: it sends to the relay, or receives from it, directly.
func (s *Session) joinPublic(ctx context.Context, l *loop) error {
	transport := l.up
	if l.isUp() {
		transport = l.down
	}
	take := l.knocked
	if l.isUp() {
		take = l.take
	}
	a, err := s.allocate(ctx, s.endpoint(transport), s.account, take)
	if err != nil {
		return err
	}
	if l.isUp() {
		l.second = a
	} else {
		l.first = a
	}
	if err := a.Permit(ctx, a.Mapped.Addr()); err != nil {
		return err
	}
	if l.socket, err = stamp.Dial(ctx, a.Relayed.String()); err != nil {
		return err
	}
	l.socket.SetDSCP(s.settings.DSCP)
	l.reads.Go(l.read)
	peer, err := l.knock(ctx)
	if err != nil {
		return err
	}
	s.noteOwn(peer)
	return a.Bind(ctx, channel, peer)
}

// knock sends from the socket to the relay until something arrives there, and
// returns the address of the socket as the relay sees it.
func (l *loop) knock(ctx context.Context) (netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, helloWait)
	defer cancel()
	tick := time.NewTicker(helloEvery)
	defer tick.Stop()
	for {
		if err := l.socket.Write(l.hello, netip.AddrPort{}); err != nil && ctx.Err() != nil {
			return netip.AddrPort{}, err
		}
		select {
		case peer := <-l.peers:
			return peer, nil
		case <-ctx.Done():
			return netip.AddrPort{}, fmt.Errorf("%w: UDP from this machine to the relay's port is blocked", errNothingBack)
		case <-tick.C:
		}
	}
}

// greet sends the hello through the loop until it comes back.
func (l *loop) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, helloWait)
	defer cancel()
	tick := time.NewTicker(helloEvery)
	defer tick.Stop()
	for {
		if err := l.send(l.hello); err != nil && l.up.IsReliable() {
			return err
		}
		select {
		case <-l.closed:
			return nil
		case <-ctx.Done():
			return errNothingBack
		case <-tick.C:
		}
	}
}

// forbidsPeers says whether an error means that the server does not pass packets
// from one of its relays to another.
func forbidsPeers(err error) bool {
	return errors.Is(err, turn.ErrForbidden) || errors.Is(err, errNothingBack)
}
