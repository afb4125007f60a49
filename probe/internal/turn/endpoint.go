// Package turn is a client of TURN servers (RFC 8656) made for measuring: it allocates a
// relay over UDP, TCP, TLS or DTLS, binds channels, and returns what arrives with the
// kernel's stamp of its arrival. It handles stale nonces and always releases its
// allocations.
//
// The client of pion/turn is not used here, since it keeps no stamps, takes no
// context, follows no alternate server and does not release an allocation
// whose nonce has become stale.
package turn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"

	"github.com/pion/dtls/v3"

	"netready/probe/internal/stamp"
)

// A Transport carries TURN between this machine and the server.
type Transport string

// Transports, as a result names them.
const (
	UDP  Transport = "udp"
	TCP  Transport = "tcp"
	TLS  Transport = "tls"
	DTLS Transport = "dtls"
)

// IsReliable tells whether what is sent arrives, and in order.
func (t Transport) IsReliable() bool { return t == TCP || t == TLS }

// An Endpoint is one transport to one server.
type Endpoint struct {
	Transport Transport
	Address   netip.AddrPort
	Name      string         // that the certificate must be for (TLS, DTLS)
	Roots     *x509.CertPool // nil: the system's
	DSCP      int            // mark of what is sent by UDP; 0: none
}

// String is the endpoint in words: UDP to 192.0.2.1:3478.
func (e Endpoint) String() string {
	return fmt.Sprintf("%s to %s", map[Transport]string{UDP: "UDP", TCP: "TCP", TLS: "TLS", DTLS: "DTLS"}[e.Transport], e.Address)
}

// A link carries whole STUN messages and ChannelData. One goroutine reads; any
// may write.
type link interface {
	read(b []byte) (stamp.Arrival, error)
	write(b []byte) error
	setDSCP(dscp int) (set int, reason string)
	noDSCP() string
	local() netip.AddrPort
	close() error
}

// dial opens the link of an endpoint.
func dial(ctx context.Context, e Endpoint) (link, error) {
	switch e.Transport {
	case UDP:
		conn, err := stamp.Dial(ctx, e.Address.String())
		return datagrams{conn}, err
	case DTLS:
		return dialDTLS(ctx, e)
	case TCP, TLS:
		return dialStream(ctx, e)
	}
	return nil, fmt.Errorf("no transport %q", e.Transport)
}

// dialStream connects by TCP, and speaks TLS on it where that is asked for.
func dialStream(ctx context.Context, e Endpoint) (link, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", e.Address.String())
	if err != nil {
		return nil, err
	}
	if plain, ok := conn.(*net.TCPConn); ok {
		_ = plain.SetNoDelay(true)             // Go's default, and here it matters
		_ = plain.SetWriteBuffer(streamBuffer) // the system may allow less
	}
	if e.Transport == TLS {
		secure := tls.Client(conn, &tls.Config{ServerName: e.Name, RootCAs: e.Roots, MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("setting up TLS: %w", err)
		}
		conn = secure
	}
	return newStream(conn), nil
}

// dialDTLS sets up DTLS 1.2 over a stamped socket.
func dialDTLS(ctx context.Context, e Endpoint) (link, error) {
	conn, err := stamp.Dial(ctx, e.Address.String())
	if err != nil {
		return nil, err
	}
	p := &packets{conn}
	options := []dtls.ClientOption{dtls.WithServerName(e.Name), dtls.WithExtendedMasterSecret(dtls.RequestExtendedMasterSecret)}
	if e.Roots != nil {
		options = append(options, dtls.WithRootCAs(e.Roots))
	}
	secure, err := dtls.ClientWithOptions(p, net.UDPAddrFromAddrPort(e.Address), options...)
	if err == nil {
		err = secure.HandshakeContext(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("setting up DTLS: %w", err)
	}
	return &sealed{under: conn, conn: secure}, nil
}
