//go:build !linux && !windows

package path

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"syscall"
)

// Options of macOS (netinet/in.h, netinet6/in6.h).
const (
	ipDontFrag  = 28
	ip6DontFrag = 62
)

// forbidFragments sets DF on every packet.
func forbidFragments(udp *net.UDPConn, to netip.Addr) error {
	if runtime.GOOS != "darwin" {
		return errors.New("this program does not ask it of " + runtime.GOOS)
	}
	raw, err := udp.SyscallConn()
	if err != nil {
		return err
	}
	level, option := syscall.IPPROTO_IP, ipDontFrag
	if !to.Unmap().Is4() {
		level, option = syscall.IPPROTO_IPV6, ip6DontFrag
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), level, option, 1) }); err != nil {
		return err
	}
	return failed
}

// isTooLarge: once a router has told what it passes, the system refuses more.
func isTooLarge(err error) bool { return errors.Is(err, syscall.EMSGSIZE) }

// toldMTU: the system does not report the number.
func toldMTU(*net.UDPConn) *int { return nil }
