package path

import (
	"errors"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forbidFragments sets DF on every packet, whatever the system knows of the path so far
// (ip(7), IP_PMTUDISC_PROBE), and makes it keep what routers report.
func forbidFragments(udp *net.UDPConn, to netip.Addr) error {
	return control(udp, func(fd int) error {
		if to.Unmap().Is4() {
			_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
			return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE)
	})
}

// isTooLarge: with IP_RECVERR a send also fails for an ICMP error about an earlier packet,
// which toldMTU reads. So here a failed send proves nothing.
func isTooLarge(error) bool { return false }

// toldMTU is the smallest size that a router reported for a packet that it could not
// forward.
func toldMTU(udp *net.UDPConn) *int {
	var told *int
	_ = control(udp, func(fd int) error {
		var data [64]byte
		var oob [512]byte
		for range 64 {
			_, n, _, _, err := unix.Recvmsg(fd, data[:], oob[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil {
				return nil //nolint:nilerr // the queue is empty
			}
			if mtu, ok := mtuOf(oob[:n]); ok && (told == nil || mtu < *told) {
				told = &mtu
			}
		}
		return nil
	})
	return told
}

// mtuOf reads the size from the error of a packet that was too large.
func mtuOf(oob []byte) (int, bool) {
	for len(oob) >= unix.SizeofCmsghdr {
		h, body, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0, false
		}
		isError := h.Level == unix.IPPROTO_IP && h.Type == unix.IP_RECVERR || h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_RECVERR
		if isError && len(body) >= int(unsafe.Sizeof(unix.SockExtendedErr{})) {
			e := (*unix.SockExtendedErr)(unsafe.Pointer(&body[0]))
			if e.Errno == uint32(unix.EMSGSIZE) && e.Origin != unix.SO_EE_ORIGIN_LOCAL && e.Info > 0 {
				return int(min(e.Info, 1<<16)), true
			}
		}
		oob = rest
	}
	return 0, false
}

func control(udp *net.UDPConn, do func(fd int) error) error {
	raw, err := udp.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}
