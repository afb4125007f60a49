//go:build !windows

package port

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
)

const (
	resolvConf = "/etc/resolv.conf"
	// behindStub has the servers that systemd-resolved asks, where resolvConf has only
	// its own address (systemd-resolved.service(8)).
	behindStub = "/run/systemd/resolve/resolv.conf"
)

// Resolver is the DNS server that this machine uses first.
func Resolver() (netip.Addr, error) {
	servers, err := nameServers(resolvConf)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("reading the list of resolvers: %w", err)
	}
	return firstResolver(servers)
}

// Resolvers are all DNS servers that this machine is set up with, none where the system
// does not tell.
func Resolvers() []netip.Addr { return resolversIn(resolvConf, behindStub) }

// resolversIn are those of files in the form of resolv.conf(5). A file that is not there
// has none.
func resolversIn(files ...string) (all []netip.Addr) {
	for _, file := range files {
		if servers, err := nameServers(file); err == nil {
			all = append(all, addressesOf(servers)...)
		}
	}
	return all
}

// maxResolvConf is the most that is read of a list of resolvers, in bytes.
const maxResolvConf = 64 << 10

// nameServers are the values of the lines "nameserver" of a file.
func nameServers(file string) (servers []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxResolvConf))
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == "nameserver" {
			servers = append(servers, words[1])
		}
	}
	return servers, lines.Err()
}
