package path

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/sys/windows"
)

// Options of ws2ipdef.h.
const (
	ipDontFragment = 14 // IP_DONTFRAGMENT
	ip6DontFrag    = 14 // IPV6_DONTFRAG
)

// forbidFragments sets DF on every packet.
func forbidFragments(udp *net.UDPConn, to netip.Addr) error {
	raw, err := udp.SyscallConn()
	if err != nil {
		return err
	}
	level, option := windows.IPPROTO_IP, ipDontFragment
	if !to.Unmap().Is4() {
		level, option = windows.IPPROTO_IPV6, ip6DontFrag
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = windows.SetsockoptInt(windows.Handle(fd), level, option, 1) }); err != nil {
		return err
	}
	return failed
}

// isTooLarge: once a router has told what it passes, the system refuses more.
func isTooLarge(err error) bool { return errors.Is(err, windows.WSAEMSGSIZE) }

// toldMTU: the system does not report the number.
func toldMTU(*net.UDPConn) *int { return nil }
