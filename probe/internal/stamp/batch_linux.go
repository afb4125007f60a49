package stamp

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"netready/probe/stream"

	"golang.org/x/sys/unix"
)

// message is the kernel's mmsghdr (recvmmsg(2), sendmmsg(2)).
type message struct {
	head unix.Msghdr
	n    uint32
}

// address has room for an address of either family.
type address [unix.SizeofSockaddrInet6]byte

// roomEach is how far apart the buffers are: not a power of two, which would put all of
// them into the same few lines of the processor's cache.
const roomEach = MaxDatagram + 3*64

// readBatch is what recvmmsg(2) fills. It is reused from read to read, so that packets
// need no allocation.
type readBatch struct {
	messages  []message
	parts     []unix.Iovec
	addresses []address
	controls  [][128]byte
	clocks    clocks
	receive   func(fd uintptr) // one call of the system; the results in the next two
	n         int
	errno     unix.Errno
	more      bool // there may be more to read
}

func (b *readBatch) prepare(s *Shared) {
	most := len(s.got)
	b.messages, b.parts = make([]message, most), make([]unix.Iovec, most)
	b.addresses, b.controls = make([]address, most), make([][128]byte, most)
	room := make([]byte, most*roomEach)
	for i := range b.messages {
		s.got[i].Bytes = room[i*roomEach:][:MaxDatagram:MaxDatagram]
		b.parts[i].Base = &s.got[i].Bytes[0]
		b.parts[i].SetLen(MaxDatagram)
		h := &b.messages[i].head
		h.Name, h.Iov, h.Control = &b.addresses[i][0], &b.parts[i], &b.controls[i][0]
		h.SetIovlen(1)
		b.restore(i)
	}
	b.receive = func(fd uintptr) { b.n, b.errno = many(unix.SYS_RECVMMSG, fd, b.messages) }
}

// many is one call of the system for many messages. It does not block, so the Go
// scheduler need not know about it.
func many(call, fd uintptr, messages []message) (int, unix.Errno) {
	for {
		n, _, errno := unix.RawSyscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(messages))), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// read returns how many datagrams there were, 0 if none.
func (b *readBatch) read(s *Shared) (int, error) {
	for i := range b.messages[:max(b.n, 0)] {
		b.restore(i)
	}
	if s.raw.Control(b.receive) != nil {
		return 0, net.ErrClosed
	}
	if b.errno != 0 {
		b.n = 0
		if b.errno == unix.EAGAIN {
			return 0, nil
		}
		return 0, b.errno
	}
	b.clocks.read(both())
	for i := range b.n {
		m := &b.messages[i]
		a := Arrival{N: int(m.n), From: b.addresses[i].addrPort(), DSCP: stream.NoDSCP}
		a.At = b.clocks.place(s.controls(b.controls[i][:m.head.Controllen], &a))
		a.Dropped = s.dropped.Load()
		s.got[i].Arrival, s.got[i].Bytes = a, s.got[i].Bytes[:MaxDatagram][:a.N]
	}
	return b.n, nil
}

// restore resets what the kernel wrote into a message's header.
func (b *readBatch) restore(i int) {
	h := &b.messages[i].head
	h.Namelen = uint32(len(b.addresses[i]))
	h.SetControllen(len(b.controls[i]))
}

// addrPort reads a kernel's address, IPv4 as IPv4.
func (a *address) addrPort() netip.AddrPort {
	port := binary.BigEndian.Uint16(a[2:])
	if binary.NativeEndian.Uint16(a[:]) == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a[4:8])), port)
	}
	addr := netip.AddrFrom16([16]byte(a[8:24])).Unmap()
	if zone := binary.NativeEndian.Uint32(a[24:]); zone != 0 && addr.Is6() {
		addr = addr.WithZone(strconv.Itoa(int(zone)))
	}
	return netip.AddrPortFrom(addr, port)
}

// set writes an address for a socket of a family, and returns its length.
func (a *address) set(to netip.AddrPort, family int) uint32 {
	binary.BigEndian.PutUint16(a[2:], to.Port())
	if family == unix.AF_INET {
		binary.NativeEndian.PutUint16(a[:], unix.AF_INET)
		four := to.Addr().Unmap().As4()
		copy(a[4:], four[:])
		return unix.SizeofSockaddrInet4
	}
	binary.NativeEndian.PutUint16(a[:], unix.AF_INET6)
	clear(a[4:8]) // flow label
	sixteen := to.Addr().As16()
	copy(a[8:], sixteen[:])
	zone, _ := strconv.Atoi(to.Addr().Zone()) // as addrPort names it
	binary.NativeEndian.PutUint32(a[24:], uint32(zone))
	return unix.SizeofSockaddrInet6
}

// writeBatch is what sendmmsg(2) sends.
type writeBatch struct {
	family    int
	mark      int
	messages  []message
	parts     []unix.Iovec
	addresses []address
	controls  [][]byte
	transmit  func(fd uintptr)
	first     int // of the messages to send; their number is the writer's
	count     int
	n         int
	errno     unix.Errno
}

func (b *writeBatch) prepare(w *Writer) {
	b.family, b.mark = unix.AF_INET, w.conn.mark
	if !w.conn.LocalAddr().Addr().Is4() {
		b.family = unix.AF_INET6
	}
	b.messages, b.parts = make([]message, w.most), make([]unix.Iovec, w.most)
	b.addresses, b.controls = make([]address, w.most), make([][]byte, w.most)
	for i := range b.messages {
		b.controls[i] = make([]byte, unix.CmsgSpace(4))
		h := &b.messages[i].head
		h.Name, h.Iov, h.Control = &b.addresses[i][0], &b.parts[i], &b.controls[i][0]
		h.SetIovlen(1)
	}
	b.transmit = func(fd uintptr) {
		b.n, b.errno = many(unix.SYS_SENDMMSG, fd, b.messages[b.first:b.count])
		for range roomTries {
			if b.errno != unix.EAGAIN {
				return
			}
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, roomWait)
			b.n, b.errno = many(unix.SYS_SENDMMSG, fd, b.messages[b.first:b.count])
		}
	}
}

// A socket whose buffer is full has room again once the network card has sent some; what
// finds none in this time is lost.
const (
	roomTries = 10
	roomWait  = 10 // ms
)

func (b *writeBatch) put(i int, datagram []byte, to netip.AddrPort, dscp int) {
	b.parts[i].Base = unsafe.SliceData(datagram)
	b.parts[i].SetLen(len(datagram))
	h := &b.messages[i].head
	h.Namelen = b.addresses[i].set(to, b.family)
	if dscp == b.mark {
		h.SetControllen(0)
		return
	}
	setMark(b.controls[i], to.Addr(), dscp)
	h.SetControllen(len(b.controls[i]))
}

// send sends from the first datagram on, and returns how many it sent.
func (b *writeBatch) send(w *Writer, first int) (int, error) {
	b.first, b.count = first, w.n
	if w.conn.raw.Control(b.transmit) != nil {
		return 0, net.ErrClosed
	}
	if b.errno != 0 {
		return 0, b.errno
	}
	return b.n, nil
}

// forget releases the bytes that were sent.
func (b *writeBatch) forget(n int) {
	for i := range b.parts[:n] {
		b.parts[i].Base = nil
	}
}
