package icmpapi

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	iphlpapi        = windows.NewLazySystemDLL("iphlpapi.dll")
	icmpCreateFile  = iphlpapi.NewProc("IcmpCreateFile")
	icmp6CreateFile = iphlpapi.NewProc("Icmp6CreateFile")
	icmpCloseHandle = iphlpapi.NewProc("IcmpCloseHandle")
	icmpSendEcho    = iphlpapi.NewProc("IcmpSendEcho")
	icmp6SendEcho2  = iphlpapi.NewProc("Icmp6SendEcho2")
)

// MostEcho is the largest question, in bytes above its ICMP header.
const MostEcho = 1024

// ipOptions is IP_OPTION_INFORMATION as a 64-bit process sees it.
type ipOptions struct {
	TTL, TOS, Flags, Size uint8
	_                     [4]byte
	Data                  uintptr
}

// A Socket asks one host. Several questions may be open at once, each in a goroutine of its own.
type Socket struct {
	handle uintptr
	to     netip.Addr
	to6    [28]byte // for IPv6
}

// Open prepares to ask a host.
func Open(to netip.Addr) (*Socket, error) {
	s := &Socket{to: to.Unmap().WithZone("")}
	create, send := icmpCreateFile, icmpSendEcho
	if s.to.Is6() {
		create, send = icmp6CreateFile, icmp6SendEcho2
		s.to6 = socketAddress(s.to, scopeOf(to.Zone()))
	}
	for _, p := range []*windows.LazyProc{create, send} {
		if err := p.Find(); err != nil {
			return nil, fmt.Errorf("finding %s: %w", p.Name, err)
		}
	}
	var err error
	if s.handle, _, err = create.Call(); windows.Handle(s.handle) == windows.InvalidHandle {
		return nil, fmt.Errorf("opening ICMP: %w", err)
	}
	return s, nil
}

// scopeOf is the interface that a zone names, 0 where it names none.
func scopeOf(zone string) uint32 {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	return 0
}

// Echo asks once, with a TTL or 0 for the system's own, and waits for the answer. Its
// error is the system's: see IsLost.
func (s *Socket) Echo(question []byte, ttl int, timeout time.Duration) (Reply, error) {
	question = question[:min(len(question), MostEcho)]
	var options *ipOptions
	if ttl > 0 {
		options = &ipOptions{TTL: uint8(ttl)}
	}
	var buffer [MostEcho + 256]byte // one reply with its data, and room for an ICMP error
	data, size, wait := unsafe.Pointer(&question[0]), uintptr(len(question)), uintptr(timeout.Milliseconds())
	var n uintptr
	var err error
	if s.to.Is6() {
		var anySource [28]byte
		n, _, err = icmp6SendEcho2.Call(s.handle, 0, 0, 0, uintptr(unsafe.Pointer(&anySource[0])), uintptr(unsafe.Pointer(&s.to6[0])),
			uintptr(data), size, uintptr(unsafe.Pointer(options)), uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)), wait)
	} else {
		to := s.to.As4()
		n, _, err = icmpSendEcho.Call(s.handle, uintptr(*(*uint32)(unsafe.Pointer(&to[0]))),
			uintptr(data), size, uintptr(unsafe.Pointer(options)), uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)), wait)
	}
	if r, ok := parseReply(buffer[:], s.to.Is6()); ok {
		return r, nil
	}
	if n > 0 {
		return Reply{}, windows.ERROR_SEM_TIMEOUT
	}
	return Reply{}, err
}

// Close ends it; no question may be open any more.
func (s *Socket) Close() { _, _, _ = icmpCloseHandle.Call(s.handle) }
