package stamp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"netready/probe/stream"

	"golang.org/x/sys/unix"
)

// Kernel says that arrivals carry the kernel's stamp and its count of drops.
const Kernel = true

// platform reads with the kernel's own arrival stamps, marks and drop counter.
type platform struct {
	oob     [256]byte
	clocks  clocks
	dropped atomic.Uint32 // as the last datagram told
}

// prepare switches on the control messages of recvmsg(2). If a kernel does not know one of
// them, arrivals do not have it.
func (p *platform) prepare(udp *net.UDPConn) error {
	raw, err := udp.SyscallConn()
	if err != nil {
		return fmt.Errorf("reaching the descriptor: %w", err)
	}
	return raw.Control(func(fd uintptr) {
		for _, o := range [][2]int{
			{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS},
			{unix.SOL_SOCKET, unix.SO_RXQ_OVFL},
			{unix.IPPROTO_IP, unix.IP_RECVTOS},
			{unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS},
		} {
			_ = unix.SetsockoptInt(int(fd), o[0], o[1], 1)
		}
	})
}

func (p *platform) read(udp *net.UDPConn, b []byte) (Arrival, error) {
	n, oobn, _, from, err := udp.ReadMsgUDPAddrPort(b, p.oob[:])
	if err != nil {
		return Arrival{}, err
	}
	a := Arrival{N: n, From: from, DSCP: stream.NoDSCP}
	wall, mono := both()
	kernel := p.controls(p.oob[:oobn], &a)
	a.At = p.clocks.arrival(kernel, wall, mono)
	a.Waited = mono - a.At
	a.Dropped = p.dropped.Load()
	return a, nil
}

// controls reads the control messages and returns the kernel's stamp, 0 if
// there is none.
func (p *platform) controls(oob []byte, a *Arrival) (kernel int64) {
	for len(oob) >= unix.SizeofCmsghdr {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return kernel
		}
		switch {
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPNS && len(data) >= int(unsafe.Sizeof(unix.Timespec{})):
			kernel = (*unix.Timespec)(unsafe.Pointer(&data[0])).Nano()
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL && len(data) >= 4:
			p.dropped.Store(binary.NativeEndian.Uint32(data))
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_TOS && len(data) >= 1:
			a.DSCP = int(data[0] >> 2)
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_TCLASS && len(data) >= 4:
			a.DSCP = int(binary.NativeEndian.Uint32(data)>>2) & 0x3f
		}
		oob = rest
	}
	return kernel
}

// drops asks the socket itself (SO_MEMINFO, Linux 4.12 and later): the counter that comes
// with datagrams is only as new as the last datagram that was not dropped.
func (p *platform) drops(socket syscall.Conn) uint32 {
	const (
		values = 9 // SK_MEMINFO_VARS
		which  = 8 // SK_MEMINFO_DROPS
	)
	var info [values]uint32
	if err := optionOf(socket, unix.SO_MEMINFO, unsafe.Pointer(&info), unsafe.Sizeof(info)); err != nil {
		return p.dropped.Load()
	}
	return info[which]
}

// granted reads the size of the buffer back: twice what was set, since the
// kernel's own bookkeeping comes out of it (socket(7)).
func (*platform) granted(socket syscall.Conn) int {
	var size int32
	if err := optionOf(socket, unix.SO_RCVBUF, unsafe.Pointer(&size), unsafe.Sizeof(size)); err != nil {
		return 0
	}
	return int(size) / 2
}

// optionOf reads an option of the socket's level into a value of some size.
func optionOf(socket syscall.Conn, option int, value unsafe.Pointer, size uintptr) error {
	raw, err := socket.SyscallConn()
	if err != nil {
		return fmt.Errorf("reaching the descriptor: %w", err)
	}
	length := uint32(size)
	var failed unix.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, failed = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, uintptr(option), uintptr(value), uintptr(unsafe.Pointer(&length)), 0)
	})
	switch {
	case err != nil:
		return err
	case failed != 0:
		return failed
	case uintptr(length) != size:
		return unix.EINVAL
	}
	return nil
}

// writeMarked sends with the mark in a control message (ip(7), ipv6(7)).
func (*platform) writeMarked(udp *net.UDPConn, b []byte, to netip.AddrPort, dscp int) error {
	_, _, err := udp.WriteMsgUDPAddrPort(b, markOf(to.Addr(), dscp), to)
	return err
}

// markOf is the control message of a mark for a datagram to an address.
func markOf(to netip.Addr, dscp int) []byte {
	oob := make([]byte, unix.CmsgSpace(4))
	setMark(oob, to, dscp)
	return oob
}

// setMark fills the control message of a mark.
func setMark(oob []byte, to netip.Addr, dscp int) {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
	h.Level, h.Type = unix.IPPROTO_IP, unix.IP_TOS
	if !to.Unmap().Is4() {
		h.Level, h.Type = unix.IPPROTO_IPV6, unix.IPV6_TCLASS
	}
	h.SetLen(unix.CmsgLen(4))
	binary.NativeEndian.PutUint32(oob[unix.CmsgLen(0):], uint32(dscp)<<2)
}

// NoMark implements PacketConn: Linux marks every packet by itself.
func (*platform) NoMark() string { return "" }

// both reads the wall clock and the monotonic one as closely together as possible: an
// interruption in between would falsify the arrival's stamp.
func both() (wall int64, mono time.Duration) {
	const near = 5 * time.Microsecond
	gap := time.Duration(1<<63 - 1)
	for range 4 {
		before := Now()
		w := time.Now().UnixNano()
		after := Now()
		if after-before < gap {
			gap, wall, mono = after-before, w, before+(after-before)/2
		}
		if gap <= near {
			break
		}
	}
	return wall, mono
}

// NoDSCP implements PacketConn: Linux tells the marks.
func (p *platform) NoDSCP() string { return "" }

// passing distinguishes errors of single datagrams, most of them ICMP errors, from the end
// of the socket.
func passing(err error) bool {
	for _, e := range []error{unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.ENOPROTOOPT, unix.EPROTO, unix.EMSGSIZE, unix.EACCES} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// dscpDoubt is why an accepted mark may not be on the packets: no reason here.
const dscpDoubt = ""
