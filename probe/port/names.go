package port

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/dial"
)

// absentLimit is for the name that cannot exist: an honest resolver says so
// at once, and so does one that invents an answer.
const absentLimit = 1500 * time.Millisecond

// addresses looks a name up. An address that the resolver also gives for a name that
// does not exist is not the service's: an answer from there proves nothing.
func (t target) addresses(ctx context.Context, host string) ([]netip.Addr, *outcome) {
	var invented []netip.Addr
	var wg sync.WaitGroup
	wg.Go(func() { invented = t.opts.invented() })
	ips, err := dial.Lookup(ctx, t.opts.Resolver, host)
	wg.Wait()
	if err != nil {
		return nil, new(t.lookupFailed(err))
	}
	if !slices.ContainsFunc(ips, func(ip netip.Addr) bool { return slices.Contains(invented, ip) }) {
		return ips, nil
	}
	o := failed(facts.ReasonHijacked, fmt.Sprintf("the resolver says that %s is at %s, and says the same of names that do not exist: it leads to a page of its own, "+
		"as before a log-in or where a name is blocked", t.check.Host, ips[0]))
	return nil, &o
}

// inventedBy is what a resolver answers for a name that cannot exist.
func inventedBy(ctx context.Context, resolver *net.Resolver) []netip.Addr {
	ctx, cancel := context.WithTimeout(ctx, absentLimit)
	defer cancel()
	ips, err := dial.Lookup(ctx, resolver, dial.AbsentName()+".") // no search list
	if err != nil {
		return nil // as it should be
	}
	return ips
}

func (t target) lookupFailed(err error) outcome {
	words := err.Error()
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		switch {
		case dns.IsNotFound:
			words = dial.NoSuchName
		case dns.IsTimeout:
			words = dial.NoReply
		default:
			words = dns.Err
		}
	}
	return failed(facts.ReasonDNS, fmt.Sprintf("the name %s could not be resolved: %s", t.check.Host, words))
}
