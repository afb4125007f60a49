package ping

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/windows"

	"netready/probe/internal/icmpapi"
	"netready/probe/internal/stamp"
)

// Its own round trip is in whole milliseconds, so there are stamps before and after the call.
type windowsEcho struct {
	socket *icmpapi.Socket
	wait   time.Duration
}

func series(ctx context.Context, addr netip.Addr, s Settings) (tally, error) {
	socket, err := icmpapi.Open(addr)
	if err != nil {
		return tally{}, err
	}
	defer socket.Close()
	e := windowsEcho{socket, s.Timeout}
	question := []byte("netready: is this network ready?")
	if more := s.Size - len(question); more > 0 {
		question = append(question, make([]byte, min(more, icmpapi.MostEcho))...)
	}
	return overlapping(ctx, s, func() outcome { return e.ask(question) }), nil
}

// ask asks once and waits for the answer.
func (e windowsEcho) ask(question []byte) outcome {
	o := outcome{sent: stamp.Now()}
	reply, err := e.socket.Echo(question, 0, e.wait)
	trip := stamp.Now() - o.sent
	if err == nil && reply.Status != icmpapi.Answered {
		err = windows.Errno(reply.Status)
	}
	code, isCode := errors.AsType[windows.Errno](err)
	switch {
	case err == nil:
		o.trip = &trip
	case !isCode || !icmpapi.IsLost(uint32(code)):
		o.failed = err
	}
	return o
}
