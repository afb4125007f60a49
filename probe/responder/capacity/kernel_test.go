//go:build capacity && linux

package capacity

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"netready/probe/internal/stamp"
)

// A socket is a UDP socket that nobody waits for: one of package net wakes its
// program for every datagram, on the core and at the cost of who sends it.
type socket struct {
	fd  int
	oob []byte
}

// dial connects a socket to an address of IPv4.
func dial(to netip.AddrPort) (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	s := &socket{fd: fd, oob: make([]byte, unix.CmsgSpace(2))}
	segment(s.oob)
	for option, value := range map[int]int{unix.SO_RCVBUF: 4 << 20, unix.SO_SNDBUF: 4 << 20, unix.SO_TIMESTAMPNS: 1} {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, value)
	}
	return s, unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().Unmap().As4()})
}

func (s *socket) close() { _ = unix.Close(s.fd) }

// write sends one datagram, or several of a call's size.
func (s *socket) write(b []byte) {
	if len(b) <= size {
		_, _ = unix.Write(s.fd, b)
		return
	}
	_, _ = unix.SendmsgN(s.fd, b, s.oob, nil, 0)
}

// wait reads one datagram, and waits for it up to two seconds; nil: none came.
func (s *socket) wait(b []byte) []byte {
	for range 2000 {
		if n, err := unix.Read(s.fd, b); err == nil {
			return b[:n]
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// segment fills the control message that has one datagram after each size bytes.
func segment(oob []byte) {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(oob[unix.CmsgLen(0):], size)
}

// A batch reads many datagrams at once (recvmmsg(2)).
type batch struct {
	messages []struct {
		head unix.Msghdr
		n    uint32
	}
	parts    []unix.Iovec
	buffers  [][stamp.MaxDatagram]byte
	controls [][64]byte
}

func newBatch(most int) *batch {
	b := &batch{parts: make([]unix.Iovec, most), buffers: make([][stamp.MaxDatagram]byte, most), controls: make([][64]byte, most)}
	b.messages = append(b.messages, make([]struct {
		head unix.Msghdr
		n    uint32
	}, most)...)
	for i := range b.messages {
		b.parts[i].Base = &b.buffers[i][0]
		b.parts[i].SetLen(stamp.MaxDatagram)
		h := &b.messages[i].head
		h.Iov, h.Control = &b.parts[i], &b.controls[i][0]
		h.SetIovlen(1)
	}
	return b
}

// read reads what is there, and returns how many that are.
func (b *batch) read(s *socket) int {
	for i := range b.messages {
		b.messages[i].head.SetControllen(len(b.controls[i]))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&b.messages[0])), uintptr(len(b.messages)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// datagram is one of those, with its arrival on the wall clock in ns: the only
// thing that these sockets ask for.
func (b *batch) datagram(i int) (datagram []byte, at int64) {
	m := &b.messages[i]
	if int(m.head.Controllen) >= unix.CmsgLen(16) {
		at = (*unix.Timespec)(unsafe.Pointer(&b.controls[i][unix.CmsgLen(0)])).Nano()
	}
	return b.buffers[i][:m.n], at
}
