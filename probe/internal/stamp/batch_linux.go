package stamp

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"syscall"
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

// readBatch is what recvmmsg(2) fills. It is reused from read to read, so that packets
// need no allocation.
type readBatch struct {
	raw       syscall.RawConn
	messages  []message
	parts     []unix.Iovec
	addresses []address
	controls  [][128]byte
	clocks    clocks
	receive   func(fd uintptr) bool // one call of the system; the results in the next two
	n         int
	errno     unix.Errno
}

func (b *readBatch) prepare(r *Reader, most int) {
	b.raw, _ = r.conn.udp.SyscallConn() // fails for a nil connection alone
	b.messages, b.parts = make([]message, most), make([]unix.Iovec, most)
	b.addresses, b.controls = make([]address, most), make([][128]byte, most)
	room := make([]byte, most*MaxDatagram)
	for i := range b.messages {
		r.got[i].Bytes = room[i*MaxDatagram : (i+1)*MaxDatagram : (i+1)*MaxDatagram]
		b.parts[i].Base = &r.got[i].Bytes[0]
		b.parts[i].SetLen(MaxDatagram)
		h := &b.messages[i].head
		h.Name, h.Iov, h.Control = &b.addresses[i][0], &b.parts[i], &b.controls[i][0]
		h.SetIovlen(1)
		b.restore(i)
	}
	b.receive = func(fd uintptr) bool {
		n, errno := many(unix.SYS_RECVMMSG, fd, b.messages)
		b.n, b.errno = n, errno
		return errno != unix.EAGAIN
	}
}

// many is one call of the system for many messages. The socket does not block, so the Go
// scheduler need not know about the call.
func many(call, fd uintptr, messages []message) (int, unix.Errno) {
	for {
		n, _, errno := unix.RawSyscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(messages))), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

func (b *readBatch) read(r *Reader) (int, error) {
	for i := range b.messages[:max(b.n, 0)] {
		b.restore(i)
	}
	if err := b.raw.Read(b.receive); err != nil {
		return 0, err
	}
	if b.errno != 0 {
		b.n = 0
		return 0, b.errno
	}
	b.clocks.read(both())
	for i := range b.n {
		m := &b.messages[i]
		a := Arrival{N: int(m.n), From: b.addresses[i].addrPort(), DSCP: stream.NoDSCP}
		a.At = b.clocks.place(r.conn.controls(b.controls[i][:m.head.Controllen], &a))
		a.Dropped = r.conn.dropped.Load()
		r.got[i].Arrival, r.got[i].Bytes = a, r.got[i].Bytes[:MaxDatagram][:a.N]
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
	raw       syscall.RawConn
	family    int
	messages  []message
	parts     []unix.Iovec
	addresses []address
	controls  [][]byte
	transmit  func(fd uintptr) bool
	first     int // of the messages to send; their number is the writer's
	count     int
	n         int
	errno     unix.Errno
}

func (b *writeBatch) prepare(w *Writer) {
	b.raw, _ = w.conn.udp.SyscallConn()
	b.family = unix.AF_INET
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
		h.SetControllen(len(b.controls[i]))
	}
	b.transmit = func(fd uintptr) bool {
		b.n, b.errno = many(unix.SYS_SENDMMSG, fd, b.messages[b.first:b.count])
		return b.errno != unix.EAGAIN
	}
}

func (b *writeBatch) put(i int, datagram []byte, to netip.AddrPort, dscp int) {
	b.parts[i].Base = unsafe.SliceData(datagram)
	b.parts[i].SetLen(len(datagram))
	b.messages[i].head.Namelen = b.addresses[i].set(to, b.family)
	setMark(b.controls[i], to.Addr(), dscp)
}

// send sends from the first datagram on, and returns how many it sent.
func (b *writeBatch) send(w *Writer, first int) (int, error) {
	b.first, b.count = first, w.n
	if err := b.raw.Write(b.transmit); err != nil {
		return 0, err
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
