//go:build !windows

package port

import (
	"net"
	"syscall"
)

// Windows has numbers of its own for these.
const (
	wsaAccess  = syscall.EACCES
	wsaReset   = syscall.ECONNRESET
	wsaRefused = syscall.ECONNREFUSED
	wsaNoHost  = syscall.EHOSTUNREACH
	wsaNoNet   = syscall.ENETUNREACH
)

// hearRefusals is needed on Windows only.
func hearRefusals(*net.UDPConn) {}
