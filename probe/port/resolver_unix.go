//go:build !windows

package port

import (
	"fmt"
	"net/netip"

	"github.com/miekg/dns"
)

// configuredResolver is the DNS server that this machine uses first.
func configuredResolver() (netip.Addr, error) {
	c, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return netip.Addr{}, fmt.Errorf("reading the list of resolvers: %w", err)
	}
	return firstResolver(c.Servers)
}
