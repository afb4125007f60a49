package port

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// dialAgain says when a TCP connection is tried anew while the tries before it
// still wait. With the system's own repeats (after 1 s and 3 s) eight SYNs go
// out before silence becomes a verdict, so that lost ones are none.
var dialAgain = []time.Duration{0, 1200 * time.Millisecond, 2400 * time.Millisecond}

// synTries is how many SYNs that makes.
const synTries = 8

// attempt is the end of one try to connect.
type attempt struct {
	conn    net.Conn
	verdict *outcome
}

// dial connects over TCP, or says why it could not. The first try with an
// answer, be it good or bad, decides.
func (t target) dial(ctx context.Context) (net.Conn, *outcome) {
	ctx, cancel := context.WithTimeout(ctx, silenceLimit)
	defer cancel()
	attempts := make(chan attempt, len(dialAgain))
	for _, wait := range dialAgain {
		go func() { attempts <- t.dialAfter(ctx, wait) }()
	}
	var first attempt
	for range dialAgain {
		a := <-attempts
		switch {
		case first.conn == nil && first.verdict == nil && (a.conn != nil || a.verdict != nil):
			first = a
			cancel()
		case a.conn != nil:
			_ = a.conn.Close()
		}
	}
	if first.conn == nil && first.verdict == nil {
		o := t.silent(synTries)
		return nil, &o
	}
	return first.conn, first.verdict
}

// dialAfter waits, then connects. Neither a connection nor a verdict means
// that nothing answered.
func (t target) dialAfter(ctx context.Context, wait time.Duration) attempt {
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return attempt{}
	}
	tap := newTap()
	defer tap.close()
	d := net.Dialer{Control: tap.control, KeepAlive: -1}
	conn, err := d.DialContext(ctx, "tcp", t.addr.String())
	if err == nil {
		return attempt{conn: conn}
	}
	if ctx.Err() != nil || isTimeout(err) {
		return attempt{}
	}
	o := t.blamed(err, tap.read())
	return attempt{verdict: &o}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// isOwn reports whether an address is one of this machine's.
func isOwn(ip netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == ip {
			return true
		}
	}
	return false
}

// boundTo makes a connection's deadline that of ctx, and its end ctx's.
// The caller calls the returned function when it is done.
func boundTo(ctx context.Context, conn net.Conn) func() bool {
	if d, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(d)
	}
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// tcp connects. To the responder the connection has to be proved, since a
// transparent proxy accepts everything; elsewhere it only must not be cut.
func (t target) tcp(ctx context.Context) outcome {
	started := time.Now()
	conn, verdict := t.dial(ctx)
	if verdict != nil {
		return *verdict
	}
	defer conn.Close()
	took := time.Since(started)
	if t.session != nil {
		return t.knockStream(ctx, conn, [16]byte{})
	}
	// A firewall that inspects resets a connection soon after it is accepted.
	_ = conn.SetReadDeadline(time.Now().Add(max(300*time.Millisecond, min(3*took, time.Second))))
	if _, err := conn.Read(make([]byte, 1)); err != nil && !isTimeout(err) && !isEOF(err) {
		return t.blamed(err, nil)
	}
	return passed(fmt.Sprintf("connected in %s; who answers there, a plain connection cannot tell", milliseconds(took)))
}
