package nat

import (
	"context"
	"fmt"
	"net"
	"time"

	"netready/probe/internal/wire"
)

// rewritten sends a SIP message to the responder, whose answer says how it looked on
// arrival. nil: not measured, and why.
func rewritten(ctx context.Context, o Options) (changed *bool, reason string) {
	if o.SIP == "" {
		return nil, "the responder serves no SIP over UDP; its operator can add that with --ports"
	}
	at, err := resolve(ctx, o.SIP)
	if err != nil {
		return nil, err.Error()
	}
	conn, local, err := listenTowards(at)
	if err != nil {
		return nil, err.Error()
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	b := make([]byte, 4096)
	var asked []wire.SIPOptions
	for i := range rounds {
		q := wire.NewSIPOptions("UDP", local.String(), at.Addr().String(), int(at.Port()), o.Nonce)
		if _, err := conn.WriteToUDPAddrPort(q.Marshal(), at); err != nil || ctx.Err() != nil {
			break
		}
		asked = append(asked, q)
		if changed := heard(conn, asked, b, waitAfter(i, rounds, false)); changed != nil {
			return changed, ""
		}
	}
	return nil, fmt.Sprintf("no answer to a SIP message over UDP %d of the responder", at.Port())
}

// heard waits for the answer to one of the messages: on a slow path it is not the last
// one's.
func heard(conn *net.UDPConn, asked []wire.SIPOptions, b []byte, wait time.Duration) *bool {
	_ = conn.SetReadDeadline(time.Now().Add(wait))
	for {
		n, _, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return nil
		}
		answer, ok := wire.ParseSIPResponse(b[:n])
		if !ok {
			continue
		}
		for _, q := range asked {
			if genuine, unchanged := wire.CheckSIPReply(answer.Header(wire.SIPAnswer), q.Nonce, q.CallID, q.Marshal()); genuine {
				return new(!unchanged)
			}
		}
	}
}
