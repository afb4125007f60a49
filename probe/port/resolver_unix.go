//go:build !windows

package port

import (
	"fmt"
	"net/netip"

	"github.com/miekg/dns"
)

const (
	resolvConf = "/etc/resolv.conf"
	// behindStub has the servers that systemd-resolved asks, where resolvConf has only
	// its own address (systemd-resolved.service(8)).
	behindStub = "/run/systemd/resolve/resolv.conf"
)

// Resolver is the DNS server that this machine uses first.
func Resolver() (netip.Addr, error) {
	c, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("reading the list of resolvers: %w", err)
	}
	return firstResolver(c.Servers)
}

// Resolvers are all DNS servers that this machine is set up with, none where the system
// does not tell.
func Resolvers() []netip.Addr { return resolversIn(resolvConf, behindStub) }

// resolversIn are those of files in the form of resolv.conf(5). A file that is not there
// has none.
func resolversIn(files ...string) (all []netip.Addr) {
	for _, file := range files {
		if c, err := dns.ClientConfigFromFile(file); err == nil {
			all = append(all, addressesOf(c.Servers)...)
		}
	}
	return all
}
