package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"netready/probe/internal/portal"
)

// attempt is the end of one try to connect. Neither a connection nor a verdict
// means that nothing answered.
type attempt struct {
	conn    net.Conn
	took    time.Duration
	verdict *outcome
}

func (a attempt) decides() bool { return a.conn != nil || a.verdict != nil }

// dial connects over TCP, or says why it could not. It starts further tries while the
// earlier ones still wait (the system repeats the SYN of each), and the first answer,
// good or bad, decides.
func (t target) dial(ctx context.Context) (net.Conn, *outcome) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	attempts := make(chan attempt, tries)
	var first attempt
	begun, ended := 0, 0
	for begun < tries && ctx.Err() == nil && !first.decides() {
		go func() { attempts <- t.dialOnce(ctx) }()
		begun++
		first, ended = firstAttempt(ctx, attempts, ended, t.opts.Paths.wait(t.addr.Addr(), begun-1))
	}
	cancel()
	for ; ended < begun; ended++ {
		a := <-attempts
		switch {
		case !first.decides():
			first = a // it came at the last moment
		case a.conn != nil:
			_ = a.conn.Close()
		}
	}
	if !first.decides() {
		return nil, new(t.silent(begun))
	}
	t.accepted(first.took)
	return first.conn, first.verdict
}

// firstAttempt waits for an attempt that decides, and counts those that have ended.
func firstAttempt(ctx context.Context, attempts <-chan attempt, ended int, wait time.Duration) (attempt, int) {
	due := time.NewTimer(wait)
	defer due.Stop()
	for {
		select {
		case a := <-attempts:
			ended++
			if a.decides() {
				return a, ended
			}
		case <-due.C:
			return attempt{}, ended
		case <-ctx.Done():
			return attempt{}, ended
		}
	}
}

func (t target) dialOnce(ctx context.Context) attempt {
	tap := newTap()
	defer tap.close()
	d := net.Dialer{Control: tap.control, KeepAlive: -1}
	began := time.Now()
	conn, err := d.DialContext(ctx, "tcp", t.addr.String())
	if err == nil {
		took := time.Since(began)
		t.opts.Paths.Heard(t.addr.Addr(), took)
		return attempt{conn: conn, took: took}
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

// boundTo gives a connection the deadline of ctx, and ends its waiting when ctx ends.
// The caller calls the returned function when it is done.
func boundTo(ctx context.Context, conn net.Conn) func() bool {
	if d, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(d)
	}
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// tcp connects. A connection to the responder must be proved, since a transparent proxy
// accepts everything; another one must only not be reset.
func (t target) tcp(ctx context.Context) outcome {
	started := time.Now()
	conn, verdict := t.dial(ctx)
	if verdict != nil {
		return *verdict
	}
	defer conn.Close()
	took := time.Since(started)
	if t.session != nil {
		return t.knockStream(ctx, conn, [16]byte{}, "")
	}
	// A firewall that inspects resets a connection soon after it is accepted.
	_ = conn.SetReadDeadline(time.Now().Add(max(300*time.Millisecond, min(3*took, time.Second))))
	first := make([]byte, portal.Peek)
	n, err := io.ReadFull(conn, first)
	if portal.Says(first[:n]) {
		return t.behindPortal()
	}
	if err != nil && !isTimeout(err) && !isEOF(err) {
		return t.blamed(err, nil)
	}
	return passed(fmt.Sprintf("connected in %s; a plain connection does not show who answers there", milliseconds(took)))
}
