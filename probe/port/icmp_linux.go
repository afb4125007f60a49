package port

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A tap reads the ICMP messages about a socket. Linux keeps them, with code and sender,
// in the socket's error queue (IP_RECVERR), and no privilege is needed to read it. The
// tap has a descriptor of its own, since a dial that fails closes the other.
type tap struct{ fd int }

func newTap() *tap { return &tap{fd: -1} }

// control is for net.Dialer.Control.
func (t *tap) control(network, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		// If this fails, the verdict is made from the error number.
		if strings.HasSuffix(network, "6") {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
		} else {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		}
		if own, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			t.close()
			t.fd = own
		}
	})
}

// read takes one ICMP message from the queue.
func (t *tap) read() *icmpError {
	if t.fd < 0 {
		return nil
	}
	oob, b := make([]byte, 512), make([]byte, 64)
	for range 8 {
		_, n, _, _, err := unix.Recvmsg(t.fd, b, oob, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return nil
		}
		if e := parseErrorQueue(oob[:n]); e != nil {
			return e
		}
	}
	return nil
}

func (t *tap) close() {
	if t.fd >= 0 {
		_ = unix.Close(t.fd)
		t.fd = -1
	}
}

// parseErrorQueue reads struct sock_extended_err (ip(7)) and the address of
// the sender of the ICMP message after it.
func parseErrorQueue(oob []byte) *icmpError {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		v4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if (!v4 && !v6) || len(m.Data) < 16 {
			continue
		}
		origin := m.Data[4]
		if origin != unix.SO_EE_ORIGIN_ICMP && origin != unix.SO_EE_ORIGIN_ICMP6 {
			continue
		}
		e := &icmpError{v6: origin == unix.SO_EE_ORIGIN_ICMP6, kind: m.Data[5], code: m.Data[6]}
		e.from = senderOf(m.Data[16:])
		return e
	}
	return nil
}

func senderOf(sockaddr []byte) netip.Addr {
	if len(sockaddr) < 2 {
		return netip.Addr{}
	}
	switch binary.NativeEndian.Uint16(sockaddr) {
	case unix.AF_INET:
		if len(sockaddr) >= 8 {
			return netip.AddrFrom4([4]byte(sockaddr[4:8]))
		}
	case unix.AF_INET6:
		if len(sockaddr) >= 24 {
			return netip.AddrFrom16([16]byte(sockaddr[8:24])).Unmap()
		}
	}
	return netip.Addr{}
}
