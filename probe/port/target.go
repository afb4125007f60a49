package port

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"netready/probe/facts"
	"netready/probe/internal/dial"
	"netready/probe/internal/proxy"
)

// A target is one address that one check is about.
type target struct {
	check    Check
	addr     netip.AddrPort
	family   string
	optional bool     // IPv6 of a name that has IPv4 too
	session  *Session // not nil: the responder is there and must prove itself
	opts     Options

	via        *proxy.Way // the proxy in between, nil: none
	isResolver bool       // the configured DNS resolver
	term       *dial.Term // of the whole check; nil: it has no end of its own
}

// resolve finds the addresses of a check, or says at once why there are none.
func resolve(ctx context.Context, c Check, opts Options) ([]target, *outcome) {
	if !known(c.Protocol) {
		return nil, new(notMeasured(facts.ReasonUnknown, fmt.Sprintf("there is no check for the protocol %q", c.Protocol)))
	}
	t := target{check: c, opts: opts}
	if c.NeedsResponder() {
		return t.resolveResponder(ctx)
	}
	if c.Host == facts.HostResolver {
		server, err := Resolver()
		if err != nil {
			return nil, new(notMeasured(facts.ReasonUnknown, "the configured DNS resolver was not found: "+err.Error()))
		}
		t.addr = netip.AddrPortFrom(server, uint16(portOr(c.Port, 53)))
		t.check.Host, t.check.Port, t.isResolver = server.String(), int(t.addr.Port()), true
		return []target{t}, nil
	}
	if c.Port < 1 || c.Port > 65535 {
		return nil, new(notMeasured(facts.ReasonUnknown, fmt.Sprintf("port %d is not a port", c.Port)))
	}
	return t.lookup(ctx, c.Host, c.Port)
}

func portOr(port, otherwise int) int {
	if port == 0 {
		return otherwise
	}
	return port
}

// resolveResponder is resolve for a check of the way to the responder.
func (t target) resolveResponder(ctx context.Context) ([]target, *outcome) {
	s := t.opts.Session
	if s == nil {
		return nil, new(notMeasured(facts.ReasonNoResponder, "nothing there that could answer: this needs a session with a responder in the region"))
	}
	t.session = s
	switch t.check.Protocol {
	case "udp-range":
		t.check.Host = s.mediaHost()
		return t.lookup(ctx, t.check.Host, 1)
	case "udp":
		if t.check.Port == 0 {
			return t.resolveMedia(ctx)
		}
	}
	if t.check.Port == 0 {
		t.check.Port = s.portOf(t.check.Protocol)
	}
	if t.check.Protocol != "udp" && !s.serves(t.check.Protocol, t.check.Port) {
		return nil, new(notMeasured(facts.ReasonNotServed, fmt.Sprintf("the responder does not serve %s; its operator can with --ports", t.service())))
	}
	t.check.Host = s.Host
	return t.lookup(ctx, s.Host, t.check.Port)
}

func (t target) resolveMedia(ctx context.Context) ([]target, *outcome) {
	host, port, err := net.SplitHostPort(t.session.Media)
	number, err2 := strconv.Atoi(port)
	if err := errors.Join(err, err2); err != nil {
		return nil, new(notMeasured(facts.ReasonUnknown, "the responder's media address cannot be read: "+err.Error()))
	}
	t.check.Host, t.check.Port = host, number
	return t.lookup(ctx, host, number)
}

// lookup resolves a name. Both families become a target where this machine
// can send both; IPv6 is then the optional one.
func (t target) lookup(ctx context.Context, host string, port int) ([]target, *outcome) {
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return []target{t.at(ip.Unmap(), port)}, nil
	}
	ips, verdict := t.addresses(ctx, host)
	if verdict != nil {
		return nil, verdict
	}
	var v4, v6 *netip.Addr
	for _, ip := range ips {
		switch {
		case ip.Is4() && v4 == nil:
			v4 = &ip
		case ip.Is6() && v6 == nil:
			v6 = &ip
		}
	}
	if v4 != nil && (v6 == nil || v6.IsLoopback() || !routable(*v6)) {
		v6 = nil
	}
	var targets []target
	for _, ip := range []*netip.Addr{v4, v6} {
		if ip == nil {
			continue
		}
		one := t.at(*ip, port)
		if v4 != nil && v6 != nil {
			one.family = map[bool]string{true: "ipv4", false: "ipv6"}[ip.Is4()]
			one.optional = ip.Is6()
		}
		targets = append(targets, one)
	}
	return targets, nil
}

// at is the target at an address. A responder that a check names by its address must
// prove itself too.
func (t target) at(ip netip.Addr, port int) target {
	t.addr = netip.AddrPortFrom(ip, uint16(port))
	if s := t.opts.Session; s != nil && (ip.String() == s.Host || strings.EqualFold(t.check.Host, s.Host)) && s.serves(t.check.Protocol, t.check.Port) {
		t.session = s
	}
	return t
}

// routable says whether this machine has a route to an address. Nothing is sent:
// connecting a UDP socket only looks the route up.
func routable(ip netip.Addr) bool {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 9)))
	if err != nil {
		return false
	}
	return c.Close() == nil
}

func (s *Session) serves(protocol string, port int) bool {
	return slices.ContainsFunc(s.Listeners, func(l listener) bool {
		return l.Protocol == protocol && l.Port == port
	})
}

func (s *Session) portOf(protocol string) int {
	for _, l := range s.Listeners {
		if l.Protocol == protocol {
			return l.Port
		}
	}
	return 0
}

func (s *Session) mediaHost() string {
	if host, _, err := net.SplitHostPort(s.Media); err == nil && host != "" {
		return host
	}
	return s.Host
}

// transport is the transport of a protocol: TCP or UDP.
func (t target) transport() string {
	p, _ := facts.FindProtocol(t.check.Protocol)
	return p.Transport
}

// service is the port in words: TLS on TCP 443.
func (t target) service() string {
	if t.check.Port == 0 {
		return strings.ToUpper(t.check.Protocol)
	}
	return fmt.Sprintf("%s %d (%s)", t.transport(), t.check.Port, t.check.Protocol)
}
