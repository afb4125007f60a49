package relay

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"

	"netready/probe/emodel"
	"netready/probe/facts"
	"netready/probe/internal/turn"
)

// A Server is a TURN server with one way to it and an account on it.
type Server struct {
	Transport          string // udp, tcp, tls
	Address            netip.AddrPort
	Name               string // that the certificate must be for
	Roots              *x509.CertPool
	Username, Password string
}

// Echo allocates at a TURN server and sends a datagram through it and back,
// both by this one way. It returns the result in words with the addresses that these may
// tell of this machine (as Session.Own), and releases the relays.
func Echo(ctx context.Context, d Server) (words string, own []netip.AddrPort, err error) {
	e := &turn.Endpoint{Transport: turn.Transport(d.Transport), Address: d.Address, Name: d.Name, Roots: d.Roots}
	s := &Session{host: d.Name, account: turn.Credentials{Username: d.Username, Password: d.Password}}
	if e.Transport.IsReliable() {
		s.reliable = e
	} else {
		s.datagram = e
	}
	s.codec, _ = emodel.FindCodec(emodel.Basis)
	l, err := newLoop(s.codec, e.Transport, e.Transport, 1)
	if err != nil {
		return "", nil, err
	}
	c := &calls{session: s}
	if err := c.first(ctx, l); err != nil {
		return "", s.Own(), explained(err, candidate{host: d.Name}, s.settings.Now)
	}
	defer l.release(ctx)
	if c.peer == facts.PeerPublic {
		return fmt.Sprintf("a relay at %s was given, and a datagram went through it to this machine's public address (the server forbids its own relays as peers)", l.first.Relayed), s.Own(), nil
	}
	return fmt.Sprintf("a relay at %s was given, and a datagram came back through it", l.first.Relayed), s.Own(), nil
}
