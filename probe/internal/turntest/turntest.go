// Package turntest is a TURN server for tests, on loopback: UDP, TCP, TLS and
// DTLS. It makes the faults that a test asks for, and counts what it drops by stream.
package turntest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/turn/v4"
)

// User and password that every server takes.
const (
	User     = "alice"
	Password = "a-secret-word"
	Realm    = "example.org"
)

// Options say what a server offers and what it does wrong.
type Options struct {
	Host      string // "": 127.0.0.1
	NoUDP     bool
	NoTCP     bool
	NoTLS     bool
	DTLS      bool
	DenyRelay bool // its own relayed addresses are forbidden as peers
	LosesAll  bool // relayed addresses do not reach each other, though permitted
	Quota     int  // most allocations at once; 0: no limit
	Harm      Harm // of what passes by UDP
	Stale     bool // every other request is answered with 438
}

// A Server is a TURN server that runs until the test is over.
type Server struct {
	UDP, TCP, TLS, DTLS netip.AddrPort // where it listens; invalid: not at all
	Roots               *x509.CertPool // of its certificate, for "localhost" and the host

	server  *turn.Server
	isReady chan struct{} // closed: server is made
	harm    *harmed

	mu    sync.Mutex // guards the rest
	conns []net.Conn
}

// noted is a listener whose connections end with the server.
type noted struct {
	net.Listener
	server *Server
}

// Accept implements net.Listener.
func (n *noted) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err == nil {
		n.server.mu.Lock()
		n.server.conns = append(n.server.conns, conn)
		n.server.mu.Unlock()
	}
	return conn, err
}

// Start starts a server.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	s := &Server{isReady: make(chan struct{})}
	config := s.config(o)
	certificate, pool := selfSigned(tb, o.Host)
	s.Roots = pool
	relays := relays{host: o.Host, losesAll: o.LosesAll}
	permit := turn.DefaultPermissionHandler
	if o.DenyRelay {
		// Sockets of the test have addresses of 127.0.0.1 as the relays have,
		// so what is forbidden is the server's own address.
		relays.host = "127.0.0.9"
		permit = func(_ net.Addr, ip net.IP) bool { return ip.String() != relays.host }
	}
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	address := net.JoinHostPort(o.Host, "0")
	if !o.NoUDP {
		conn, err := new(net.ListenConfig).ListenPacket(tb.Context(), "udp", address)
		must(err)
		s.UDP = at(conn.LocalAddr())
		s.harm = newHarmed(conn, o)
		config.PacketConnConfigs = append(config.PacketConnConfigs, turn.PacketConnConfig{PacketConn: s.harm, RelayAddressGenerator: &relays, PermissionHandler: permit})
	}
	listen := func(l net.Listener, err error) netip.AddrPort {
		tb.Helper()
		must(err)
		config.ListenerConfigs = append(config.ListenerConfigs, turn.ListenerConfig{Listener: &noted{Listener: l, server: s}, RelayAddressGenerator: &relays, PermissionHandler: permit})
		return at(l.Addr())
	}
	if !o.NoTCP {
		s.TCP = listen(new(net.ListenConfig).Listen(tb.Context(), "tcp", address))
	}
	if !o.NoTLS {
		plain, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", address)
		must(err)
		s.TLS = listen(tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}), nil)
	}
	if o.DTLS {
		l, err := dtls.ListenWithOptions("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(o.Host), 0)), dtls.WithCertificates(certificate))
		s.DTLS = listen(l, err)
	}
	var err error
	s.server, err = turn.NewServer(config)
	must(err)
	close(s.isReady)
	tb.Cleanup(s.Stop)
	return s
}

// config is who may have how many relays.
func (s *Server) config(o Options) turn.ServerConfig {
	c := turn.ServerConfig{
		Realm: Realm,
		AuthHandler: func(user, realm string, _ net.Addr) ([]byte, bool) {
			return turn.GenerateAuthKey(user, realm, Password), user == User
		},
	}
	if o.Quota > 0 {
		c.QuotaHandler = func(string, string, net.Addr) bool {
			<-s.isReady // its listeners work before it is made
			return s.server.AllocationCount() < o.Quota
		}
	}
	return c
}

// Stop ends the server, as one that dies does.
func (s *Server) Stop() {
	_ = s.server.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
}

// Allocations is how many relays there are now.
func (s *Server) Allocations() int { return s.server.AllocationCount() }

// Dropped is what the server's UDP side dropped of one RTP stream, by SSRC.
func (s *Server) Dropped(ssrc uint32) Dropped { return s.harm.dropped(ssrc) }

func at(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return a.AddrPort()
	case *net.TCPAddr:
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// selfSigned is a certificate for a host and for localhost.
func selfSigned(tb testing.TB, host string) (tls.Certificate, *x509.CertPool) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "turntest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.ParseIP(host)},
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// relays makes the sockets of allocations.
type relays struct {
	host     string
	losesAll bool
}

// Validate implements turn.RelayAddressGenerator.
func (r *relays) Validate() error { return nil }

// AllocatePacketConn implements turn.RelayAddressGenerator.
func (r *relays) AllocatePacketConn(string, int) (net.PacketConn, net.Addr, error) {
	conn, err := net.ListenPacket("udp", net.JoinHostPort(r.host, "0")) //nolint:noctx // the interface has none
	if err != nil {
		return nil, nil, err
	}
	if r.losesAll {
		return losesAll{conn}, conn.LocalAddr(), nil
	}
	return conn, conn.LocalAddr(), nil
}

// AllocateConn implements turn.RelayAddressGenerator.
func (r *relays) AllocateConn(string, int) (net.Conn, net.Addr, error) {
	return nil, nil, net.ErrClosed
}

// losesAll is a relay's socket whose datagrams to peers are lost.
type losesAll struct{ net.PacketConn }

// WriteTo loses what it gets.
func (d losesAll) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }
