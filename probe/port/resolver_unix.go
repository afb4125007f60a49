//go:build !windows

package port

import (
	"fmt"
	"net/netip"

	"github.com/miekg/dns"
)

// Resolver is the DNS server that this machine uses first.
func Resolver() (netip.Addr, error) {
	c, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return netip.Addr{}, fmt.Errorf("reading the list of resolvers: %w", err)
	}
	return firstResolver(c.Servers)
}
