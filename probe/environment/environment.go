// Package environment finds out what lies between this machine and the Internet: a
// proxy, a captive portal, routes for IPv4 and IPv6, and what the configured resolver
// answers for the service's names.
package environment

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/dial"
	"netready/probe/internal/portal"
	"netready/probe/internal/proxy"
)

// Options say what to look at. Zero fields mean the defaults.
type Options struct {
	Hosts    []string        // the service's names; none: nothing is sent
	Limit    time.Duration   // 0: defaultLimit
	Resolver *net.Resolver   // nil: the system's
	Proxy    *proxy.Settings // nil: the system's
	Portal   string          // http URL whose host answers for the captive portal; "": http://HOST/ of the first host
}

// defaultLimit is for each look-up and for the captive portal: long enough for the
// look-up of a slow resolver and a page after it.
const defaultLimit = 8 * time.Second

// A Result holds what was found. nil means not measured.
type Result struct {
	facts.Environment
	PortalReason string // why CaptivePortal is nil
}

// Run looks at everything at once.
func Run(ctx context.Context, o Options) Result {
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	ctx, cancel := context.WithTimeout(ctx, o.Limit)
	defer cancel()
	r := Result{Environment: facts.Environment{DNS: []facts.DNSAnswer{}}}
	var wg sync.WaitGroup
	wg.Go(func() { r.Proxy, r.ProxySource = proxyTo(ctx, o) })
	wg.Go(func() { r.CaptivePortal, r.PortalReason = captive(ctx, o) })
	wg.Go(func() { r.DNS = lookups(ctx, o) })
	v4, v6 := Routes()
	r.IPv4, r.IPv6 = &v4, &v6
	wg.Wait()
	return r
}

// Routes tells for which address families this machine has a route to the Internet,
// and an address for it.
func Routes() (v4, v6 bool) {
	return routable(netip.MustParseAddr("192.0.2.1")), routable(netip.MustParseAddr("2001:db8::1"))
}

// routable reports whether this machine has a route to an address, and for it an
// address of its own that is not link-local. Nothing is sent: connecting a UDP socket
// only looks the route up.
func routable(to netip.Addr) bool {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, 9)))
	if err != nil {
		return false
	}
	defer c.Close()
	own := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	return own.IsGlobalUnicast()
}

// lookups asks the resolver for the service's names, and for one that cannot
// exist.
func lookups(ctx context.Context, o Options) []facts.DNSAnswer {
	if len(o.Hosts) == 0 {
		return []facts.DNSAnswer{}
	}
	hosts := slices.Compact(slices.Sorted(slices.Values(o.Hosts)))
	absent := dial.AbsentName()
	found := make([]facts.DNSAnswer, len(hosts))
	var invented facts.DNSAnswer
	var wg sync.WaitGroup
	wg.Go(func() { invented = lookup(ctx, o.Resolver, absent) })
	for i, host := range hosts {
		wg.Go(func() { found[i] = lookup(ctx, o.Resolver, host) })
	}
	wg.Wait()
	answers := []facts.DNSAnswer{}
	for _, a := range found {
		a.Code, a.Reason = odd(a, invented.Addresses)
		answers = append(answers, a)
	}
	if len(invented.Addresses) > 0 {
		invented.Name = "a name that cannot exist"
		invented.Code, invented.Reason = facts.DNSInvents, "the resolver gives addresses for names that do not exist"
		answers = append(answers, invented)
	}
	return answers
}

func lookup(ctx context.Context, r *net.Resolver, host string) facts.DNSAnswer {
	started := time.Now()
	ips, err := dial.Lookup(ctx, r, host)
	a := facts.DNSAnswer{Name: host, Addresses: []string{}, ElapsedMS: facts.Round(facts.MS(time.Since(started)))}
	for _, ip := range ips {
		a.Addresses = append(a.Addresses, ip.String())
	}
	slices.Sort(a.Addresses)
	a.Addresses = slices.Compact(a.Addresses)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		a.Code, a.Reason = facts.DNSNoSuchName, dial.NoSuchName
	case errors.As(err, &dns) && dns.IsTimeout:
		a.Code, a.Reason = facts.DNSNoReply, dial.NoReply
	case err != nil:
		a.Code, a.Reason = facts.DNSError, err.Error()
	}
	return a
}

// odd says what is unusual about an answer, given the addresses that the resolver
// gives for names that do not exist.
func odd(a facts.DNSAnswer, invented []string) (code, reason string) {
	if a.Reason != "" {
		return a.Code, a.Reason
	}
	for _, address := range a.Addresses {
		ip, err := netip.ParseAddr(address)
		switch {
		case err != nil:
		case slices.Contains(invented, address):
			return facts.DNSHijacked, fmt.Sprintf("hijacked: %s is what this resolver answers for names that do not exist", address)
		case ip.IsLoopback() || ip.IsUnspecified():
			return facts.DNSBlocked, fmt.Sprintf("blocked by DNS: %s is not an address of the service", address)
		case ip.IsPrivate() || ip.IsLinkLocalUnicast():
			return facts.DNSSplitHorizon, fmt.Sprintf("split horizon: %s is an address of a private network, such as that of a proxy or a private link", address)
		}
	}
	return "", ""
}

// captive asks for a page over plain HTTP and checks whether somebody else answers.
// nil where it cannot be told, and why.
func captive(ctx context.Context, o Options) (is *bool, reason string) {
	page := o.Portal
	if page == "" {
		if len(o.Hosts) == 0 {
			return nil, "the region names no host of the service to ask for a page"
		}
		page = "http://" + o.Hosts[0] + "/"
	}
	u, err := url.Parse(page)
	if err != nil {
		return nil, err.Error()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return nil, err.Error()
	}
	transport := &http.Transport{Proxy: nil, DisableKeepAlives: true, DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		return dial.TCP(ctx, o.Resolver, address)
	}}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return nil, whyNoPage(ctx, u.Host, err)
	}
	defer answer.Body.Close()
	if is = judgePage(answer.StatusCode, answer.Header.Get("Location"), u.Hostname()); is == nil {
		return nil, fmt.Sprintf("the answer of %s over plain HTTP (status %d) is neither the usual one of the service nor that of a portal", u.Host, answer.StatusCode)
	}
	return is, ""
}

// whyNoPage says in plain words why no page came over plain HTTP.
func whyNoPage(ctx context.Context, host string, err error) string {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return "the run was stopped before a page came over plain HTTP"
	case ctx.Err() != nil:
		return fmt.Sprintf("%s did not answer over plain HTTP in time", host)
	}
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	return fmt.Sprintf("no page came from %s over plain HTTP: %v", host, err)
}

// judgePage judges the answer: the service redirects to its own HTTPS, a portal to
// its own page (or answers 511, RFC 6585 6).
func judgePage(status int, location, host string) *bool {
	yes, no := true, false
	switch {
	case status == portal.Status:
		return &yes
	case status == http.StatusNoContent:
		return &no
	case status < 300 || status > 399:
		return nil
	}
	if _, err := url.Parse(location); err != nil {
		return nil
	}
	if portal.LeadsAway(location, host) {
		return &yes
	}
	return &no
}
