package stamp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// shared is a socket that the poller of the Go runtime does not know: that would wake a
// thread for every datagram, and for every one that has left. The bell wakes for the first
// alone, and only when somebody waits for it.
type shared struct {
	file *os.File
	raw  syscall.RawConn
	bell *bell
	platform
	batch readBatch
}

// ListenMany opens several sockets at one port, among which the system distributes the
// senders (SO_REUSEPORT, socket(7)): each sender always gets the same socket. The first
// socket is bound without that option, so that a port in use is an error.
func ListenMany(ctx context.Context, address string, sockets int) ([]*Shared, error) {
	first, err := Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	opened := []*Conn{first}
	raw, err := first.udp.SyscallConn()
	if err == nil && sockets > 1 {
		err = mayShare(raw)
	}
	for len(opened) < sockets && err == nil {
		l := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return mayShare(raw) }}
		var next *Conn
		if next, err = listenWith(ctx, l, first.udp.LocalAddr().String()); err == nil {
			opened = append(opened, next)
		}
	}
	var all []*Shared
	for _, c := range opened {
		if err == nil {
			var s *Shared
			if s, err = newShared(c); err == nil {
				all = append(all, s)
			}
		}
		err = errors.Join(err, c.Close())
	}
	if err == nil {
		return all, nil
	}
	for _, s := range all {
		err = errors.Join(err, s.Close())
	}
	return nil, err
}

func mayShare(raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return errors.Join(err, failed)
}

// newShared takes the socket of a Conn, which is to be closed after that: a copy of its
// descriptor in blocking mode is nothing that the poller takes.
func newShared(c *Conn) (*Shared, error) {
	raw, err := c.udp.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("reaching the descriptor: %w", err)
	}
	var fd int
	var failed error
	err = raw.Control(func(old uintptr) {
		if fd, failed = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0); failed == nil {
			failed = unix.SetNonblock(fd, false)
		}
	})
	if err = errors.Join(err, failed); err != nil {
		return nil, fmt.Errorf("preparing a UDP socket: %w", err)
	}
	s := &Shared{local: c.LocalAddr(), asked: c.asked, got: make([]Datagram, readAtOnce), mark: -1}
	s.file = os.NewFile(uintptr(fd), "media socket")
	if s.raw, err = s.file.SyscallConn(); err == nil {
		s.bell, err = newBell(s.raw)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing a UDP socket: %w", err), s.file.Close())
	}
	s.batch.prepare(s)
	return s, nil
}

// Read returns the datagrams that have arrived. If there are none it waits for some until
// a moment, and may return none before.
func (s *Shared) Read(until time.Duration) ([]Datagram, error) {
	if until > Now() && !s.batch.more {
		if err := s.bell.wait(until, true); err != nil {
			return nil, net.ErrClosed
		}
	}
	for {
		n, err := s.batch.read(s)
		if err == nil {
			s.batch.more = n == len(s.got)
			return s.got[:n], nil
		}
		if !passing(err) {
			return nil, err
		}
	}
}

// Rest waits until a moment, however much arrives meanwhile: the system stamps it, and
// keeps it for the next Read.
func (s *Shared) Rest(until time.Duration) {
	if until > Now() && s.bell.wait(until, false) == nil {
		s.batch.more = true
	}
}

// UseMark makes one mark that of the socket, so that the system need not read it from each
// datagram that has it. It comes before any writer.
func (s *Shared) UseMark(dscp int) {
	_ = s.raw.Control(func(fd uintptr) {
		v4 := unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, dscp<<2)
		v6 := unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS, dscp<<2)
		if v4 == nil && (v6 == nil || s.local.Addr().Is4()) {
			s.mark = dscp
		}
	})
}

// Wake ends a Read or Rest, or the next one if there is none. Any goroutine may call it.
func (s *Shared) Wake() { s.bell.ring() }

// Drops is how many datagrams this socket has dropped for lack of buffer space.
func (s *Shared) Drops() uint32 { return s.drops(s.file) }

// Buffer is how many bytes the socket may hold until they are read, as asked
// for and as the system granted it.
func (s *Shared) Buffer() (asked, granted int) { return s.asked, s.granted(s.file) }

// Close closes the socket, and ends a Read or Rest.
func (s *Shared) Close() error { return errors.Join(s.bell.close(), s.file.Close()) }
