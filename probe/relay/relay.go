// Package relay measures the way to a TURN server, without a program of ours
// behind it. Two relays of one server are permitted to send to each other: what is
// sent into the first comes out of the second. So each packet passes the way up
// once and the way down once, and one machine's clock measures both.
//
// Three such loops run at once. One goes up and down by UDP: jitter, order and
// delay of both ways together. One goes up by UDP and down by TCP or TLS,
// which lose nothing: every loss happened on the way up. The third is the same
// for the way down.
package relay

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"netready/probe/emodel"
	"netready/probe/ice"
	"netready/probe/internal/turn"
	"netready/probe/stream"
)

// What can be wrong with a TURN server. Every error of Open wraps one of them,
// or is the context's.
var (
	ErrCredentials = turn.ErrCredentials
	ErrUnreachable = errors.New("no relay of the TURN server can be used")
	ErrQuota       = turn.ErrQuota
)

const (
	// MostCalls is the limit at somebody else's server: 15 streams.
	MostCalls = 5
	// openWait is how long one way to a server may take: enough for five tries
	// over UDP.
	openWait = 6 * time.Second
	// mostAddresses is how many addresses of a name are tried.
	mostAddresses = 4
)

// Settings say what to measure through which servers.
type Settings struct {
	Servers  []ice.Server
	Codec    string        // as package emodel names it; "": pcmu
	Duration time.Duration // of the calls; 0: 30 s
	Calls    int           // at once; 0: 1
	DSCP     int           // of what is sent by UDP; 0: unmarked
	Roots    *x509.CertPool
	Now      time.Time // for the words about credentials that have expired
}

// check fills in defaults and refuses settings that cannot be measured.
func (s *Settings) check() error {
	s.Codec = cmp.Or(s.Codec, emodel.Basis)
	s.Duration = cmp.Or(s.Duration, 30*time.Second)
	s.Calls = cmp.Or(s.Calls, 1)
	_, known := emodel.FindCodec(s.Codec)
	switch {
	case !known:
		return emodel.UnknownCodec(s.Codec)
	case s.Calls < 1 || s.Calls > MostCalls:
		return fmt.Errorf("%d calls through a TURN server: give 1 to %d, since each is three streams through somebody's server", s.Calls, MostCalls)
	case s.Duration < stream.PacketTime:
		return fmt.Errorf("a call of %v is shorter than one packet of %v", s.Duration, stream.PacketTime)
	case len(s.Servers) == 0:
		return errors.New("no TURN server is given")
	}
	return nil
}

// A Session is a TURN server that gave a relay, and the ways to it.
type Session struct {
	settings Settings
	codec    emodel.Codec
	account  turn.Credentials
	host     string
	datagram *turn.Endpoint // by UDP or DTLS; nil: there is none that works
	reliable *turn.Endpoint // by TCP or TLS; nil: as above
	software string
	failed   []string // what was offered and does not work, and why

	mu  sync.Mutex // guards own
	own []netip.AddrPort
}

// mostOwn bounds the addresses that are remembered: a NAT may give another one each time.
const mostOwn = 1000

// Own are the addresses that the server saw this machine with so far, and those of its
// relays there.
func (s *Session) Own() []netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.own)
}

func (s *Session) noteOwn(all ...netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range all {
		if a.IsValid() && !slices.Contains(s.own, a) && len(s.own) < mostOwn {
			s.own = append(s.own, a)
		}
	}
}

// allocate opens a relay and notes the addresses that it tells of this machine.
func (s *Session) allocate(ctx context.Context, e turn.Endpoint, c turn.Credentials, handle func(turn.Datum)) (*turn.Allocation, error) {
	a, err := turn.Open(ctx, e, c, handle)
	if err != nil {
		return nil, err
	}
	s.noteOwn(a.Mapped, a.Relayed)
	return a, nil
}

// server is the server's name and the ways to it that are used:
// turn:turn.example.org:3478 (udp, tls).
func (s *Session) server() string {
	var ports []string
	for _, e := range []*turn.Endpoint{s.datagram, s.reliable} {
		if e != nil {
			ports = append(ports, fmt.Sprintf("%s %d", e.Transport, e.Address.Port()))
		}
	}
	return fmt.Sprintf("turn:%s (%s)", s.host, strings.Join(ports, ", "))
}

// Host is the server's name or address as it was given.
func (s *Session) Host() string { return s.host }

// Address is one that this machine sends to, for the routing table.
func (s *Session) Address() string { return s.AddrPort().Addr().String() }

// AddrPort is the same with the port of the transport that the calls prefer.
func (s *Session) AddrPort() netip.AddrPort {
	if s.datagram != nil {
		return s.datagram.Address
	}
	return s.reliable.Address
}

// Failed are the ways that were offered and do not work, each with the reason.
func (s *Session) Failed() []string { return s.failed }

// Open finds a server that gives relays, and the ways to it. It releases the relays
// that it needs for that.
func Open(ctx context.Context, s Settings) (*Session, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	codec, _ := emodel.FindCodec(s.Codec)
	var all []error
	for _, c := range candidates(s.Servers) {
		session := &Session{settings: s, codec: codec, host: c.host, account: c.account}
		err := session.reach(ctx, c)
		if err == nil {
			return session, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reaching the TURN server: %w", ctx.Err())
		}
		all = append(all, explained(err, c, s.Now))
	}
	// Refused credentials come first, before servers that are only unreachable:
	// the user can correct them.
	for _, kind := range []error{ErrCredentials, ErrQuota} {
		for _, err := range all {
			if errors.Is(err, kind) {
				return nil, err
			}
		}
	}
	return nil, all[0]
}

// explained turns an error into one of this package's errors, with what to do.
func explained(err error, c candidate, now time.Time) error {
	switch {
	case errors.Is(err, ErrCredentials) && !c.expires.IsZero() && c.expires.Before(now):
		return fmt.Errorf("%w of %s: they expired at %s; fetch new ones and start again", ErrCredentials, c.host, c.expires.Format("15:04:05 UTC on 2 January 2006"))
	case errors.Is(err, ErrCredentials):
		return fmt.Errorf("%w of %s: the user name or the password is wrong, or they have expired (services hand them out for minutes); fetch new ones and start again", ErrCredentials, c.host)
	case errors.Is(err, ErrQuota):
		return fmt.Errorf("%w (%s): wait until other runs with them are over, or give fewer --calls", ErrQuota, c.host)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// reach tries the ways to a server, at one address of its name after the other.
func (s *Session) reach(ctx context.Context, c candidate) error {
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", c.host)
	if err != nil {
		return fmt.Errorf("looking up %s: %w", c.host, err)
	}
	var last error
	for _, a := range addresses[:min(len(addresses), mostAddresses)] {
		if last = s.reachAt(ctx, c, a.Unmap()); last == nil || ctx.Err() != nil || errors.Is(last, ErrCredentials) {
			return last
		}
	}
	return last
}
