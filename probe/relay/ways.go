package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"netready/probe/ice"
	"netready/probe/internal/turn"
)

// A candidate is a server with the ways to it, the best first.
type candidate struct {
	host     string
	account  turn.Credentials
	expires  time.Time
	datagram []way
	reliable []way
}

// A way is a transport and a port.
type way struct {
	transport turn.Transport
	port      int
	rank      int // the smaller the better
}

// Ranks of ways. Plain UDP comes first, since media uses it; plain TCP, since it
// adds least to a leg that loses nothing; a way that the URI only implies comes last.
const (
	rankPlain = iota
	rankSecure
	rankImplied
)

// candidates sorts URIs by server. A name with one set of credentials is one
// server: both relays of a loop must be on the same one.
func candidates(servers []ice.Server) []candidate {
	var all []candidate
	for _, s := range servers {
		first := len(all)
		for _, u := range s.URIs {
			i := slices.IndexFunc(all[first:], func(c candidate) bool { return c.host == u.Host })
			if i < 0 {
				i = len(all) - first
				all = append(all, candidate{host: u.Host, expires: s.Expires, account: turn.Credentials{Username: s.Username.Reveal(), Password: s.Password.Reveal()}})
			}
			all[first+i].add(u)
		}
	}
	for i := range all {
		byRank := func(a, b way) int { return cmp.Compare(a.rank, b.rank) }
		slices.SortStableFunc(all[i].datagram, byRank)
		slices.SortStableFunc(all[i].reliable, byRank)
	}
	return all
}

// add notes the ways of a URI. One without a transport means every one that
// its scheme has (RFC 5928 3): first of all UDP, or TLS.
func (c *candidate) add(u ice.URI) {
	plain, secure := turn.UDP, turn.TCP
	rank := rankPlain
	if u.Secure {
		plain, secure, rank = turn.DTLS, turn.TLS, rankSecure
	}
	switch {
	case u.Transport == ice.UDP:
		c.datagram = append(c.datagram, way{plain, u.Port, rank})
	case u.Transport == ice.TCP:
		c.reliable = append(c.reliable, way{secure, u.Port, rank})
	case u.Secure:
		c.reliable = append(c.reliable, way{secure, u.Port, rank})
	default:
		c.datagram = append(c.datagram, way{plain, u.Port, rank})
		c.reliable = append(c.reliable, way{secure, u.Port, rankImplied})
	}
}

// reachAt tries the ways to one address: both kinds at once, the ways of a kind
// one after the other.
func (s *Session) reachAt(ctx context.Context, c candidate, address netip.Addr) error {
	s.datagram, s.reliable, s.failed = nil, nil, nil
	var datagram, reliable kind
	var wg sync.WaitGroup
	wg.Go(func() { datagram = s.try(ctx, c, address, c.datagram) })
	wg.Go(func() { reliable = s.try(ctx, c, address, c.reliable) })
	wg.Wait()
	s.datagram, s.reliable = datagram.endpoint, reliable.endpoint
	s.software = cmp.Or(datagram.software, reliable.software)
	s.failed = append(datagram.failed, reliable.failed...)
	if s.datagram == nil && s.reliable == nil {
		return errors.Join(datagram.err, reliable.err)
	}
	return nil
}

// kind is the outcome of the ways of one kind.
type kind struct {
	endpoint *turn.Endpoint
	software string
	failed   []string
	err      error
}

// try finds the first way that gives a relay, and releases the relay.
func (s *Session) try(ctx context.Context, c candidate, address netip.Addr, ways []way) kind {
	var k kind
	for _, w := range ways {
		once, cancel := context.WithTimeout(ctx, openWait)
		e := turn.Endpoint{Transport: w.transport, Address: netip.AddrPortFrom(address, uint16(w.port)), Name: c.host, Roots: s.settings.Roots, DSCP: s.settings.DSCP}
		a, err := s.allocate(once, e, c.account, nil)
		cancel()
		if err == nil {
			e = a.Endpoint()
			k.endpoint, k.software = &e, a.Software
			_ = a.Release(ctx) // one that cannot be released runs out by itself
			return k
		}
		k.err = errors.Join(k.err, err)
		k.failed = append(k.failed, fmt.Sprintf("%s %d: %s", w.transport, w.port, err))
		if errors.Is(err, ErrCredentials) || ctx.Err() != nil {
			return k
		}
	}
	return k
}
