package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"syscall"
)

// Connect are the waits of tries to connect: six within 4.4 s, each of which the system
// repeats by itself. A proxy or a balancer that drops one connection delays it by a
// second.
var Connect = Waits{400 * ms, 700 * ms, 900 * ms, 1100 * ms, 1300 * ms}

// Addresses finds the addresses of a host:port.
func Addresses(ctx context.Context, resolver *net.Resolver, address string) ([]netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", address, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("reading the port of %q: %w", address, err)
	}
	ips, err := Lookup(ctx, resolver, host)
	if err != nil {
		return nil, fmt.Errorf("looking up %s: %w", host, err)
	}
	all := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		all[i] = netip.AddrPortFrom(ip, uint16(number))
	}
	return all, nil
}

// IsRefused reports whether the connection was refused, by the far end or by something
// that answers for it: a refusal is an answer, silence is not.
func IsRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused)
}

// TCP connects to host:port. Its tries go through the addresses in turn, until
// each has refused.
func TCP(ctx context.Context, resolver *net.Resolver, address string) (net.Conn, error) {
	all, err := Addresses(ctx, resolver, address)
	if err != nil {
		return nil, err
	}
	var refused atomic.Int32
	return Overlap(ctx, Connect, func(ctx context.Context, i int) (net.Conn, error) {
		return One(ctx, all[i%len(all)])
	}, func(err error) bool {
		return IsRefused(err) && int(refused.Add(1)) >= len(all)
	}, func(c net.Conn) { _ = c.Close() })
}

// One is a single try to connect to one address.
func One(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", to.String())
}
