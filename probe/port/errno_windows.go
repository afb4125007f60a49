package port

import (
	"net"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Windows' own numbers, which package syscall does not translate.
const (
	wsaAccess  = windows.WSAEACCES
	wsaReset   = windows.WSAECONNRESET
	wsaRefused = windows.WSAECONNREFUSED
	wsaNoHost  = windows.WSAEHOSTUNREACH
	wsaNoNet   = windows.WSAENETUNREACH
)

// hearRefusals makes a UDP socket report ICMP port unreachable, which Go
// switches off when it makes the socket (SIO_UDP_CONNRESET).
func hearRefusals(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		on, got := uint32(1), uint32(0)
		_ = windows.WSAIoctl(windows.Handle(fd), windows.SIO_UDP_CONNRESET,
			(*byte)(unsafe.Pointer(&on)), uint32(unsafe.Sizeof(on)), nil, 0, &got, nil, 0)
	})
}
