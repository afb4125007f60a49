// Package responder is the far end of a test call. It grants sessions over HTTPS, proves
// that an agent's address receives before it streams to it, counts what arrives and
// reports that to the agent. Nobody can use it to attack others: it streams nothing to an
// address that has not just answered.
package responder

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/time/rate"

	"netready/probe/invite"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/regions"
	"netready/probe/responder/listen"
	"netready/probe/responder/share"
	"netready/probe/responder/tokens"
)

// Config says how a responder runs. Zero fields mean the defaults.
type Config struct {
	Control        string   // address of the HTTPS listener; "": 127.0.0.1:0
	Media          string   // address of the UDP socket; "": 127.0.0.1:0
	Advertise      string   // HOST[:PORT] for the invite; "": as listened on
	AdvertiseMedia string   // HOST:PORT for the agents' media; "": the control host and the media port
	Region         string   // ID for the agents' reports
	Ports          string   // further listeners for the firewall checks, see listen.ParseSpec; "": none
	PortAddresses  []string // to bind them; none: all
	Version        string   // for the agents' reports
	Identity       Identity // key, certificate and token; zero: fresh ones
	Limits         Limits
	Carries        int                        // packets a second, both ways, that this host carries as far as is known; 0: it is measured at start
	Tokens         *tokens.Store              // of organisations, beside the identity's; nil: none
	Page           func(*Server) http.Handler // what a browser sees that opens an invite; nil: a line of text
	// Results serves the results that agents send home and readers ask for, at
	// results.PathResults, results.PathPage and below; nil: they are refused. Each request
	// but those that open a page shows a good token: HolderOf.
	Results func(*Server) http.Handler
	// Challenge shows the certificate that an authority asks for over the control
	// port (RFC 8737); nil: no authority asks.
	Challenge func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	Log       *slog.Logger // nil: nothing is logged. The token never is
}

// Limits bound what agents may ask for. Zero fields mean the defaults.
type Limits struct {
	Sessions       int           // at once; 500
	PerAddress     int           // usual calls (usualCall packets a second) at once of one client address; half of PacketRate
	Calls          int           // of one session; 200
	Duration       time.Duration // of a call; 10 min
	PacketRate     int           // a second, both ways, all sessions; 50,000
	SessionsPerSec float64       // new ones; 20
	Transfer       int64         // bytes of one bandwidth test; 1 GiB
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Sessions, 500)
	set(&l.Calls, 200)
	set(&l.PacketRate, 50_000)
	set(&l.PerAddress, max(1, l.PacketRate/2/usualCall))
	if l.Duration <= 0 {
		l.Duration = 10 * time.Minute
	}
	if l.SessionsPerSec <= 0 {
		l.SessionsPerSec = 20
	}
	if l.Transfer <= 0 {
		l.Transfer = 1 << 30
	}
	return l
}

// usualCall is the cost of a call with a packet every 20 ms each way.
const usualCall = 100 // packets a second

// askRate is how often sessions may be asked for, in all; those that wait ask
// every few seconds.
const askRate = 60

// Local is the responder of region local: on loopback, at free ports, with
// keys that live as long as the program.
func Local() Config {
	return Config{
		Control: "127.0.0.1:0", Media: "127.0.0.1:0", Region: regions.Local,
		Ports: "udp:0,tcp:0,tls:0", PortAddresses: []string{"127.0.0.1"},
	}
}

// A Server is a running responder.
type Server struct {
	config     Config
	log        *slog.Logger
	sampled    *sampled // below log
	now        atomic.Pointer[settings]
	listener   *gate
	door       *share.Door // of the control connections
	asking     lanes       // by Request.ID
	media      sockets
	senders    []*sender // one for each socket
	http       *http.Server
	ports      *listen.Set
	opener     *listen.Opener
	delayed    listen.Delayed
	drops      listen.Drops
	stats      tally
	draining   atomic.Bool
	files      atomic.Pointer[[]File]
	fileRate   *rate.Limiter
	fileLedger *share.Ledger // of downloads
	transfers  *share.Ledger // of bandwidth tests
	results    *share.Ledger // of requests for results
	visits     *share.Ledger // of those that show no token
	room       room
	ledger     *share.Ledger
	starts     *share.Pace     // of sessions
	asks       *share.Pace     // for sessions
	ctx        context.Context //nolint:containedctx // the server's own life, ended by Close
	stop       context.CancelFunc
	wg         sync.WaitGroup
	networks   broadcasts // that this host is in
	registry
}

// Start listens and serves until Close.
func Start(ctx context.Context, c Config) (*Server, error) {
	s := &Server{config: c, log: c.Log, registry: newRegistry()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.sampled = newSampled(s.log.Handler())
	s.log = slog.New(s.sampled)
	if s.config.Identity.Token == "" {
		identity, err := NewIdentity()
		if err != nil {
			return nil, err
		}
		s.config.Identity = identity
	}
	s.now.Store(newSettings(s.config.Identity, c.Limits))
	s.ledger = share.NewLedger(share.Shares{})
	s.fileRate, s.fileLedger, s.transfers = newFileRate(), newFileLedger(), newTransferLedger()
	s.results, s.visits = newResultsLedger(resultsAtOnce), newResultsLedger(visitsAtOnce)
	s.share()
	perSecond := s.now.Load().limits.SessionsPerSec
	s.starts, s.asks = share.NewPace(perSecond), share.NewPace(max(askRate, 3*perSecond))
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.closeSockets())
	}
	if _, err := s.invite(); err != nil {
		return nil, errors.Join(err, s.closeSockets())
	}
	if s.room.carries = c.Carries; c.Carries == 0 {
		s.room.carries = carries(ctx)
	}
	if limit := s.now.Load().limits.PacketRate; s.room.first(limit) < limit {
		s.log.Info("this host carries less than the limit: new calls wait until it has shown more", "packet_rate_carried", s.room.carries, "max_packet_rate", limit)
	}
	s.share()
	s.drops.Look() // what was dropped before is nobody's
	s.stats.swept.Store(int64(stamp.Now()))
	for i, conn := range s.media {
		s.wg.Go(func() { s.serve(conn, s.senders[i]) })
	}
	s.listener.serve()
	s.wg.Go(func() { _ = s.http.Serve(s.listener) }) // ends with http.ErrServerClosed
	s.wg.Go(s.sweep)
	return s, nil
}

// open opens the sockets.
func (s *Server) open(ctx context.Context) error {
	var l net.ListenConfig
	listener, err := l.Listen(ctx, "tcp", orLoopback(s.config.Control))
	if err != nil {
		return fmt.Errorf("listening for the control connections: %w; choose another address with --control", err)
	}
	conf := &tls.Config{GetCertificate: s.certificate, MinVersion: tls.VersionTLS13}
	control := conf.Clone()
	control.NextProtos = []string{http2.NextProtoTLS, protocolHTTP1}
	if s.config.Challenge != nil {
		control.NextProtos = append(control.NextProtos, authorityProtocol)
	}
	s.listener = newGate(listener, control)
	s.door = s.listener.door
	if s.media, err = listenMedia(ctx, orLoopback(s.config.Media)); err != nil {
		return fmt.Errorf("%w; choose another address with --media", err)
	}
	for _, conn := range s.media {
		s.senders = append(s.senders, newSender(conn))
	}
	nonceOf := s.nonceOf
	if s.config.Ports != "" {
		s.ports, err = listen.Start(ctx, listen.Config{
			Spec: s.config.Ports, Addresses: s.config.PortAddresses, TLS: conf.Clone(), Nonce: nonceOf, MayAnswer: s.mayAnswer,
		})
		if err != nil {
			return fmt.Errorf("listening for the firewall checks: %w; choose them with --ports", err)
		}
		for _, skipped := range s.ports.Skipped() {
			s.log.Warn("a port for firewall checks is not served", "reason", skipped)
		}
	}
	bind := s.media.LocalAddr().Addr()
	s.opener = &listen.Opener{Nonce: nonceOf, MayAnswer: s.mayAnswer, Serves: s.servesUDP}
	if !bind.IsUnspecified() {
		s.opener.Address = bind.String()
	}
	s.http = s.newHTTP()
	s.listener.speak, err = speakHTTP2(s.http)
	return err
}

// Room is how many bytes each media socket may hold until they are read, as asked for and
// as the system granted; 0 if the system does not say.
func (s *Server) Room() (asked, granted int) {
	return s.media[0].Buffer()
}

func orLoopback(address string) string {
	if address == "" {
		return "127.0.0.1:0"
	}
	return address
}

// servesUDP says whether a port answers knocks although nobody opened it for that.
func (s *Server) servesUDP(port int) bool {
	return port == int(s.media.LocalAddr().Port()) || s.ports != nil && s.ports.Serves(port)
}

// ControlAddr is where the control connections go to.
func (s *Server) ControlAddr() string { return s.listener.Addr().String() }

// MediaAddr is where the media goes to.
func (s *Server) MediaAddr() string { return s.media.LocalAddr().String() }

// Listeners are the ports that are served for the firewall checks.
func (s *Server) Listeners() []wire.Listener {
	if s.ports == nil {
		return nil
	}
	return s.ports.Listeners()
}

// Invite is what an agent needs, secrets included.
func (s *Server) Invite() invite.Invite {
	i, _ := s.invite() // Start has checked it
	return i
}

func (s *Server) invite() (invite.Invite, error) {
	host, err := s.advertised()
	if err != nil {
		return invite.Invite{}, err
	}
	if err := invite.CheckHost(host); err != nil {
		return invite.Invite{}, fmt.Errorf("making the invite: %w; give a name with --advertise", err)
	}
	identity := s.now.Load().identity
	return invite.Invite{Host: host, Token: identity.Token, Pins: identity.Pins()}, nil
}

// advertised is the host:port of the invite.
func (s *Server) advertised() (string, error) {
	host, port, err := net.SplitHostPort(s.ControlAddr())
	if err != nil {
		return "", fmt.Errorf("reading the own address: %w", err)
	}
	if given := s.config.Advertise; given != "" {
		if h, p, err := net.SplitHostPort(given); err == nil {
			if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 || h == "" {
				return "", fmt.Errorf("--advertise %q: give HOST or HOST:PORT", given)
			}
			return given, nil
		}
		return net.JoinHostPort(strings.Trim(given, "[]"), port), nil
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = outward(s.ctx)
	}
	return net.JoinHostPort(host, port), nil
}

// outward is the address that this host uses towards others: an agent in the same network
// can use it. Connecting a UDP socket sends nothing.
func outward(ctx context.Context) string {
	var d net.Dialer
	if conn, err := d.DialContext(ctx, "udp", "192.0.2.1:9"); err == nil {
		defer conn.Close()
		if a, ok := conn.LocalAddr().(*net.UDPAddr); ok {
			return a.IP.String()
		}
	}
	return "127.0.0.1"
}

// Close ends all sessions, tells their agents, and waits for their end.
func (s *Server) Close() error {
	for _, session := range s.all() {
		s.drop(session, "shutdown")
	}
	// The last lines of the events take a moment to leave.
	ending, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := s.http.Shutdown(ending)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.listener.wait(ending)
	s.stop()
	err = errors.Join(err, s.closeSockets())
	s.wg.Wait()
	return err
}

func (s *Server) closeSockets() error {
	s.stop()
	var errs []error
	if s.listener != nil {
		if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, s.media.Close())
	if s.ports != nil {
		errs = append(errs, s.ports.Close())
	}
	if s.opener != nil {
		errs = append(errs, s.opener.Close())
	}
	return errors.Join(errs...)
}

// CheckMedia says whether agents can be sent to this HOST:PORT.
func CheckMedia(hostport string) error {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil || host == "" {
		return errors.New("give HOST:PORT, as agents reach it")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("%q is not a port", port)
	}
	if ip, err := netip.ParseAddr(host); err == nil && (ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255})) {
		return fmt.Errorf("%s is no address of one host", ip)
	}
	return nil
}
