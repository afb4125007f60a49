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
	size := uint32(15 << 10) // the first guess that Microsoft's documentation advises
	for {
		b := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&b[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, windows.GAA_FLAG_INCLUDE_GATEWAYS, 0, first, &size)
		if err == windows.ERROR_BUFFER_OVERFLOW && size > uint32(len(b)) {
			continue
		}
		if err != nil {
			return netip.Addr{}, fmt.Errorf("listing the network adapters: %w", err)
		}
		return firstResolver(resolversOf(first))
	}
}

func resolversOf(adapter *windows.IpAdapterAddresses) []string {
	var servers []string
	for ; adapter != nil; adapter = adapter.Next {
		if adapter.OperStatus != windows.IfOperStatusUp || adapter.FirstGatewayAddress == nil {
			continue
		}
		for s := adapter.FirstDnsServerAddress; s != nil; s = s.Next {
			servers = append(servers, s.Address.IP().String())
		}
	}
	return servers
}
