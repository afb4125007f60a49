package port

import (
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Resolver is the DNS server that this machine uses first: that of
// the first interface that is up and has one.
func Resolver() (netip.Addr, error) {
	first, err := adapters()
	if err != nil {
		return netip.Addr{}, err
	}
	return firstResolver(resolversOf(first, isInUse))
}

// Resolvers are all DNS servers that this machine is set up with, none where the system
// does not tell.
func Resolvers() []netip.Addr {
	first, err := adapters()
	if err != nil {
		return nil
	}
	return addressesOf(resolversOf(first, func(*windows.IpAdapterAddresses) bool { return true }))
}

// adapters is the list of the network adapters.
func adapters() (*windows.IpAdapterAddresses, error) {
	size := uint32(15 << 10) // the first guess that Microsoft's documentation advises
	for {
		b := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&b[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, windows.GAA_FLAG_INCLUDE_GATEWAYS, 0, first, &size)
		if err == windows.ERROR_BUFFER_OVERFLOW && size > uint32(len(b)) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing the network adapters: %w", err)
		}
		return first, nil
	}
}

// isInUse says whether packets to the Internet may go through an adapter.
func isInUse(a *windows.IpAdapterAddresses) bool {
	return a.OperStatus == windows.IfOperStatusUp && a.FirstGatewayAddress != nil
}

func resolversOf(adapter *windows.IpAdapterAddresses, wanted func(*windows.IpAdapterAddresses) bool) []string {
	var servers []string
	for ; adapter != nil; adapter = adapter.Next {
		if !wanted(adapter) {
			continue
		}
		for s := adapter.FirstDnsServerAddress; s != nil; s = s.Next {
			servers = append(servers, s.Address.IP().String())
		}
	}
	return servers
}
