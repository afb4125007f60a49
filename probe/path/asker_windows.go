package path

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"unsafe"

	"netready/probe/facts"
	"netready/probe/internal/stamp"

	"golang.org/x/sys/windows"
)

// Windows lets every user send echo requests with a TTL through iphlpapi, and returns what
// routers answer; it does not report the errors of UDP packets.
var (
	iphlpapi        = windows.NewLazySystemDLL("iphlpapi.dll")
	icmpCreateFile  = iphlpapi.NewProc("IcmpCreateFile")
	icmpCloseHandle = iphlpapi.NewProc("IcmpCloseHandle")
	icmpSendEcho    = iphlpapi.NewProc("IcmpSendEcho")
)

// ipOptions is IP_OPTION_INFORMATION as a 64-bit process sees it.
type ipOptions struct {
	TTL, TOS, Flags, Size uint8
	_                     [4]byte
	Data                  uintptr
}

// echoReply is ICMP_ECHO_REPLY as a 64-bit process sees it.
type echoReply struct {
	Address       [4]byte
	Status        uint32
	RoundTripTime uint32
	DataSize      uint16
	_             uint16
	Data          uintptr
	Options       ipOptions
}

// Values of IP_STATUS.
const (
	statusAnswered   = 0
	statusTTLExpired = 11013
)

// mostEcho is the largest question.
const mostEcho = 1024

type asker struct {
	handle  uintptr
	target  [4]byte
	packet  []byte
	answers chan answer

	mu     sync.Mutex // guards the rest
	closed bool
	asking sync.WaitGroup
}

func (*asker) method() string { return facts.MethodICMP }

func open(s Settings) (*asker, string, error) {
	target := s.Target.Addr().Unmap()
	if !target.Is4() {
		return nil, facts.PathUnsupported, errors.New("on Windows this program asks the routers on the path over IPv4 only")
	}
	if err := icmpSendEcho.Find(); err != nil {
		return nil, facts.PathUnsupported, fmt.Errorf("finding IcmpSendEcho: %w", err)
	}
	handle, _, err := icmpCreateFile.Call()
	if windows.Handle(handle) == windows.InvalidHandle {
		return nil, facts.PathDenied, fmt.Errorf("opening ICMP: %w", err)
	}
	return &asker{handle: handle, target: target.As4(), packet: filling(min(s.Size, mostEcho)), answers: make(chan answer, 256)}, "", nil
}

// ask sends a question; its answer is awaited at the same time as others.
func (a *asker) ask(ttl, number int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return windows.ERROR_INVALID_HANDLE
	}
	a.asking.Go(func() {
		if got, ok := a.echo(ttl); ok {
			got.ttl, got.number = ttl, number
			select {
			case a.answers <- got:
			default: // nobody reads them any more
			}
		}
	})
	return nil
}

// echo asks once and waits for the answer.
func (a *asker) echo(ttl int) (answer, bool) {
	options := ipOptions{TTL: uint8(ttl)}
	var reply [mostEcho + 256]byte // one reply with its data, and room for an ICMP error
	_, _, _ = icmpSendEcho.Call(a.handle,
		uintptr(*(*uint32)(unsafe.Pointer(&a.target[0]))),
		uintptr(unsafe.Pointer(&a.packet[0])), uintptr(len(a.packet)), uintptr(unsafe.Pointer(&options)),
		uintptr(unsafe.Pointer(&reply[0])), uintptr(len(reply)), uintptr(patience.Milliseconds()))
	got := answer{at: stamp.Now()}
	r := (*echoReply)(unsafe.Pointer(&reply[0]))
	got.from, got.isEnd = netip.AddrFrom4(r.Address), r.Status == statusAnswered
	// Without an answer the reply is all zero.
	return got, !got.from.IsUnspecified() && (r.Status == statusAnswered || r.Status == statusTTLExpired)
}

func (a *asker) listen(ctx context.Context, answered func(answer)) {
	for {
		select {
		case <-ctx.Done():
			return
		case got := <-a.answers:
			answered(got)
		}
	}
}

// close waits for the open questions, patience at most.
func (a *asker) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.asking.Wait()
	_, _, _ = icmpCloseHandle.Call(a.handle)
}
