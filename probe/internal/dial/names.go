package dial

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

const (
	// nameLimit is for a look-up. A system asks its second resolver when the
	// first has been silent for 5 s (resolv.conf), and that answer counts too.
	nameLimit = 6500 * ms
	// otherFamily is how long the addresses of the second family are awaited after
	// those of the first.
	otherFamily = 700 * ms
)

// nameWaits are eight tries within 4 s: at 10 % loss each way all fail once in 600,000,
// and an outage of a second delays the answer by a second.
var nameWaits = Waits{300 * ms, 400 * ms, 500 * ms, 500 * ms, 600 * ms, 700 * ms, 900 * ms}

// What an answer of the resolver means.
const (
	NoSuchName = "there is no such name"
	NoReply    = "the resolver did not answer in time"
)

// AbsentName is a name that cannot exist (RFC 6761 6.4).
func AbsentName() string { return strings.ToLower(rand.Text()) + ".netready.invalid" }

// Lookup finds the addresses of a host, IPv4 addresses not mapped into IPv6. A nil
// resolver is the system's. The result for an address is that address. The answer that
// there is no such name is final; silence and failures of the resolver are not.
func Lookup(ctx context.Context, resolver *net.Resolver, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, nameLimit)
	defer cancel()
	answers := make(chan family, 2)
	for _, network := range []string{"ip4", "ip6"} {
		go func() {
			ips, err := lookupFamily(ctx, resolver, network, host)
			answers <- family{ips, err}
		}()
	}
	first := <-answers
	if len(first.ips) > 0 {
		select {
		case second := <-answers:
			return unmapped(append(first.ips, second.ips...)), nil
		case <-time.After(otherFamily):
			return unmapped(first.ips), nil
		}
	}
	second := <-answers
	if len(second.ips) > 0 {
		return unmapped(second.ips), nil
	}
	if NotFound(first.err) { // the other family's error says more
		return nil, second.err
	}
	return nil, first.err
}

// family is what a resolver says of a host's addresses of one family.
type family struct {
	ips []netip.Addr
	err error
}

func lookupFamily(ctx context.Context, resolver *net.Resolver, network, host string) ([]netip.Addr, error) {
	ips, err := Overlap(ctx, nameWaits, func(ctx context.Context, _ int) ([]netip.Addr, error) {
		return newResolver(resolver).LookupNetIP(ctx, network, host)
	}, NotFound, nil)
	if errors.Is(err, context.DeadlineExceeded) {
		err = &net.DNSError{Err: "no answer in time", Name: host, IsTimeout: true}
	}
	return ips, err
}

// newResolver is a resolver of the same settings: one resolver asks only once for all
// who want the same name at the same time.
func newResolver(r *net.Resolver) *net.Resolver {
	if r == nil {
		r = net.DefaultResolver
	}
	return &net.Resolver{PreferGo: r.PreferGo, StrictErrors: r.StrictErrors, Dial: r.Dial}
}

// NotFound reports whether a resolver has answered that there is no such name,
// or no such address of it.
func NotFound(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// unmapped are the addresses without duplicates, IPv4 first and not mapped into IPv6.
func unmapped(ips []netip.Addr) []netip.Addr {
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	slices.SortStableFunc(ips, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return slices.Compact(ips)
}
