package stamp

import (
	"context"
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// ListenMany opens several sockets at one port, among which the system distributes the
// senders (SO_REUSEPORT, socket(7)): each sender always gets the same socket. The first
// socket is bound without that option, so that a port in use is an error.
func ListenMany(ctx context.Context, address string, sockets int) ([]*Conn, error) {
	first, err := Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	all := []*Conn{first}
	raw, err := first.udp.SyscallConn()
	if err == nil && sockets > 1 {
		err = share(raw)
	}
	for len(all) < sockets && err == nil {
		l := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return share(raw) }}
		var next *Conn
		if next, err = listenWith(ctx, l, first.udp.LocalAddr().String()); err == nil {
			all = append(all, next)
		}
	}
	if err == nil {
		return all, nil
	}
	for _, c := range all {
		err = errors.Join(err, c.Close())
	}
	return nil, err
}

func share(raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return errors.Join(err, failed)
}
