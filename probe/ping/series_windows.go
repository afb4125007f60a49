package ping

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"netready/probe/internal/stamp"
)

// Windows lets every user send echo requests through iphlpapi. Its own round trip is in
// whole milliseconds, so we take stamps before and after the call.
var (
	iphlpapi        = windows.NewLazySystemDLL("iphlpapi.dll")
	icmpCreateFile  = iphlpapi.NewProc("IcmpCreateFile")
	icmpCloseHandle = iphlpapi.NewProc("IcmpCloseHandle")
	icmpSendEcho    = iphlpapi.NewProc("IcmpSendEcho")
)

// echoReply is ICMP_ECHO_REPLY as a 64-bit process sees it.
type echoReply struct {
	Address       [4]byte
	Status        uint32 // 0: answered
	RoundTripTime uint32
	DataSize      uint16
	_             uint16
	Data          uintptr
	Options       [16]byte
}

// mostEcho is the largest question.
const mostEcho = 1024

var errIPv6 = errors.New("not measured over IPv6 on Windows")

func series(ctx context.Context, addr netip.Addr, s Settings) (tally, error) {
	if !addr.Is4() {
		return tally{}, errIPv6
	}
	if err := icmpSendEcho.Find(); err != nil {
		return tally{}, fmt.Errorf("finding IcmpSendEcho: %w", err)
	}
	handle, _, callErr := icmpCreateFile.Call()
	if windows.Handle(handle) == windows.InvalidHandle {
		return tally{}, fmt.Errorf("opening ICMP: %w", callErr)
	}
	defer icmpCloseHandle.Call(handle) //nolint:errcheck // nothing can be done about it
	tick := time.NewTicker(s.Interval)
	defer tick.Stop()
	var t tally
	for s.Count == 0 || t.count() < s.Count {
		sent := stamp.Now()
		trip, err := echo(handle, addr, s)
		switch {
		case err == nil:
			t.answered(sent, trip)
		case timedOut(err):
			t.unanswered(sent) // it was waited for, whatever ended meanwhile
		default:
			t.failed(err)
		}
		if t.count() == s.Count {
			break
		}
		select {
		case <-ctx.Done():
			return t, nil
		case <-tick.C:
		}
	}
	return t, nil
}

// echo asks once and waits for the answer.
func echo(handle uintptr, addr netip.Addr, s Settings) (time.Duration, error) {
	question := []byte("netready: is this network ready?")
	if more := s.Size - len(question); more > 0 {
		question = append(question, make([]byte, min(more, mostEcho))...)
	}
	var reply [mostEcho + 256]byte // one reply with its data, and room for an ICMP error
	destination := addr.As4()
	asked := stamp.Now()
	n, _, err := icmpSendEcho.Call(handle,
		uintptr(*(*uint32)(unsafe.Pointer(&destination[0]))),
		uintptr(unsafe.Pointer(&question[0])), uintptr(len(question)), 0,
		uintptr(unsafe.Pointer(&reply[0])), uintptr(len(reply)), uintptr(s.Timeout.Milliseconds()))
	answered := stamp.Now()
	if n == 0 {
		return 0, err
	}
	if status := (*echoReply)(unsafe.Pointer(&reply[0])).Status; status != 0 {
		return 0, windows.Errno(status)
	}
	return answered - asked, nil
}

// timedOut says whether an error means no answer, or a router's answer that there is no
// route; otherwise the system refused to send.
func timedOut(err error) bool {
	const first, last, noResources = windows.Errno(11001), windows.Errno(11050), windows.Errno(11006) // IP_STATUS
	status, ok := errors.AsType[windows.Errno](err)
	return errors.Is(err, windows.ERROR_SEM_TIMEOUT) || ok && status >= first && status <= last && status != noResources
}
