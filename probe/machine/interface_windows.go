package machine

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"unsafe"

	"netready/probe/facts"

	"golang.org/x/sys/windows"
)

// Why this program cannot read the link speed or the signal on this system.
const (
	speedUnread  = ""
	signalUnread = "this program does not read the Wi-Fi signal on Windows"
)

// inspect asks Windows for the adapter of an interface.
func inspect(_ context.Context, i net.Interface, found *adapter) {
	buffer, err := adapters()
	if err != nil {
		return
	}
	for a := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buffer[0])); a != nil; a = a.Next {
		if int(a.IfIndex) != i.Index && int(a.Ipv6IfIndex) != i.Index {
			continue
		}
		switch a.IfType {
		case windows.IF_TYPE_IEEE80211:
			found.Kind = facts.Wifi
		case windows.IF_TYPE_PPP, windows.IF_TYPE_TUNNEL:
			found.Kind = facts.VPN
		case windows.IF_TYPE_ETHERNET_CSMACD:
			found.Kind = facts.Wired
		}
		// An adapter without a link speed says all ones.
		if speed := a.TransmitLinkSpeed; speed > 0 && speed != ^uint64(0) {
			found.Mbps = new(float64(speed) / 1e6)
		}
		for g := a.FirstGatewayAddress; g != nil; g = g.Next {
			if addr, ok := netip.AddrFromSlice(g.Address.IP()); ok && addr.Unmap().Is4() == found.addr.Is4() {
				found.gateway = addr.Unmap()
				break
			}
		}
		return
	}
}

// adapters fills a buffer with the list; Windows says how large it must be.
func adapters() ([]byte, error) {
	const includeGateways = 0x80 // GAA_FLAG_INCLUDE_GATEWAYS
	size := uint32(16 << 10)
	for range 4 {
		buffer := make([]byte, size)
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, includeGateways, 0,
			(*windows.IpAdapterAddresses)(unsafe.Pointer(&buffer[0])), &size)
		if err == nil {
			return buffer, nil
		}
		if !errors.Is(err, windows.ERROR_BUFFER_OVERFLOW) {
			return nil, err
		}
	}
	return nil, windows.ERROR_BUFFER_OVERFLOW
}
