package path

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"netready/probe/facts"
	"netready/probe/internal/stamp"

	"golang.org/x/sys/unix"
)

// asker sends UDP packets like the call's, but with a small TTL, and reads the errors that
// come back from the system's error queue (IP_RECVERR, ip(7)), which needs no rights. There
// is one socket for each hop, which tells whose answer it is.
type asker struct {
	settings Settings
	sockets  [mostHops + 1]*socket
	quotes   *quotes // nil: without the right to read ICMP itself
	packet   []byte
}

type socket struct {
	udp    *net.UDPConn
	raw    syscall.RawConn
	port   uint16
	placer stamp.Placer
}

func (*asker) method() string { return facts.MethodUDP }

// open opens a socket for every hop.
func open(s Settings) (*asker, string, error) {
	a := &asker{settings: s, packet: filling(s.Size)}
	for ttl := 1; ttl <= mostHops; ttl++ {
		one, err := dial(s, ttl)
		if err != nil {
			a.close()
			return nil, facts.PathDenied, fmt.Errorf("asking the routers on the path: %w", err)
		}
		a.sockets[ttl] = one
	}
	a.quotes = readQuotes(s.Target.Addr())
	return a, "", nil
}

func dial(s Settings, ttl int) (*socket, error) {
	udp, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.Target))
	if err != nil {
		return nil, err
	}
	raw, err := udp.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, udp.Close())
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = prepare(int(fd), s, ttl) })
	if err = errors.Join(err, failed); err != nil {
		return nil, errors.Join(err, udp.Close())
	}
	local, _ := udp.LocalAddr().(*net.UDPAddr)
	return &socket{udp: udp, raw: raw, port: local.AddrPort().Port()}, nil
}

// prepare sets TTL and mark of a socket's packets, and what the system reports of errors.
// Only what the method needs has to succeed.
func prepare(fd int, s Settings, ttl int) error {
	tos := s.DSCP<<2 | ect0
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if s.Target.Addr().Unmap().Is4() {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, tos)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVTOS, 1)
		return errors.Join(
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TTL, ttl),
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1))
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, flowInfo, 1)
	return errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, ttl),
		unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1))
}

// ask sends a question. The error of an earlier one makes a send fail without sending, so a
// failed send is tried again.
func (a *asker) ask(ttl, number int) error {
	b := append([]byte(nil), a.packet...)
	binary.BigEndian.PutUint32(b[len(magic):], uint32(number))
	var err error
	for range 3 {
		if _, err = a.sockets[ttl].udp.Write(b); err == nil {
			return nil
		}
	}
	return err
}

// listen passes the answers on until ctx ends.
func (a *asker) listen(ctx context.Context, answered func(answer)) {
	defer context.AfterFunc(ctx, func() {
		for _, s := range a.sockets[1:] {
			_ = s.udp.SetReadDeadline(time.Unix(1, 0))
		}
		a.quotes.stop()
	})()
	var all sync.WaitGroup
	for ttl, s := range a.sockets {
		if s != nil {
			all.Go(func() { s.listen(ttl, a.settings, answered) })
		}
	}
	if a.quotes != nil {
		all.Go(func() { a.quotes.listen(a.byPort(), answered) })
	}
	all.Wait()
}

// byPort is the hop of each socket, by its port.
func (a *asker) byPort() map[uint16]int {
	all := map[uint16]int{}
	for ttl, s := range a.sockets {
		if s != nil {
			all[s.port] = ttl
		}
	}
	return all
}

func (s *socket) listen(ttl int, settings Settings, answered func(answer)) {
	for {
		got, err := s.read(settings)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			continue // not an answer
		}
		got.ttl = ttl
		answered(got)
	}
}

var errNoAnswer = errors.New("not a router's answer")

// flowInfo is IPV6_FLOWINFO_SEND (linux/in6.h): with it the system tells the
// traffic class of the packet that an error is about.
const flowInfo = 33

// read waits for the next error that the system kept.
func (s *socket) read(settings Settings) (answer, error) {
	var data [256]byte
	var oob [512]byte
	var name unix.RawSockaddrInet6
	part := unix.Iovec{Base: &data[0]}
	part.SetLen(len(data))
	var n, oobn int
	var errno unix.Errno
	err := s.raw.Read(func(fd uintptr) bool {
		h := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&name)), Namelen: uint32(unsafe.Sizeof(name)), Iov: &part, Control: &oob[0]}
		h.SetIovlen(1)
		h.SetControllen(len(oob))
		var got uintptr
		got, _, errno = unix.Syscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&h)), unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		n, oobn = int(got), int(h.Controllen)
		return errno != unix.EAGAIN
	})
	if err != nil {
		return answer{}, err
	}
	if errno != 0 {
		return answer{}, errno
	}
	return s.understand(data[:n], oob[:oobn], name, settings)
}

// understand reads an error from the queue, with the packet that it is about.
func (s *socket) understand(data, oob []byte, name unix.RawSockaddrInet6, settings Settings) (answer, error) {
	got := answer{number: numberIn(data)}
	var stamped int64
	outer := -1
	found := false
	for len(oob) >= unix.SizeofCmsghdr {
		h, body, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			break
		}
		switch {
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPNS && len(body) >= int(unsafe.Sizeof(unix.Timespec{})):
			stamped = (*unix.Timespec)(unsafe.Pointer(&body[0])).Nano()
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_TOS && len(body) >= 1:
			outer = int(body[0])
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_RECVERR, h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_RECVERR:
			got.from, got.isEnd, found = offender(body)
		}
		oob = rest
	}
	got.at = s.placer.Place(stamped)
	if !found {
		return answer{}, errNoAnswer
	}
	if name.Family == unix.AF_INET6 && settings.Target.Addr().Is6() && !settings.Target.Addr().Is4In6() {
		class := int(binary.BigEndian.Uint32((*[4]byte)(unsafe.Pointer(&name.Flowinfo))[:])>>20) & 0xff
		got.dscp, got.ecn = new(class>>2), new(class&3)
	} else if reflects(outer, settings.DSCP) {
		got.dscp = &settings.DSCP
	}
	return got, nil
}

// quotes reads ICMP itself, where this program may: the packet that a router
// quotes shows the mark that it arrived with.
type quotes struct{ conn *net.IPConn }

// readQuotes is nil without that right, and for IPv6, where the error queue has it.
func readQuotes(target netip.Addr) *quotes {
	if !target.Unmap().Is4() {
		return nil
	}
	conn, err := net.ListenIP("ip4:icmp", nil)
	if err != nil {
		return nil
	}
	return &quotes{conn}
}

func (q *quotes) stop() {
	if q != nil {
		_ = q.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

func (q *quotes) listen(hops map[uint16]int, answered func(answer)) {
	b := make([]byte, 1500)
	for {
		n, from, err := q.conn.ReadFromIP(b)
		if err != nil {
			return
		}
		quoted, ok := parseTimeExceeded(b[:n])
		ttl, ours := hops[quoted.port]
		if !ok || !ours {
			continue
		}
		addr, _ := netip.AddrFromSlice(from.IP)
		answered(answer{ttl: ttl, number: marksOnly, from: addr, dscp: new(int(quoted.tos >> 2)), ecn: new(int(quoted.tos & 3))})
	}
}

func (a *asker) close() {
	for _, s := range a.sockets {
		if s != nil {
			_ = s.udp.Close()
		}
	}
	if a.quotes != nil {
		_ = a.quotes.conn.Close()
	}
}
