package listen

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/internal/wire"
)

// A socket is one open UDP port.
type socket struct {
	set  *Set
	conn *net.UDPConn
	port int
}

// serve answers until the socket is closed.
func (k *socket) serve() {
	b := make([]byte, 4096)
	for {
		n, from, err := k.conn.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // what ICMP said of an earlier answer
		}
		k.answer(b[:n], from)
	}
}

// answer tells the protocols apart and sends the answer, which is never larger
// than its question.
func (k *socket) answer(question []byte, from netip.AddrPort) {
	if wire.IsKnock(question) {
		if knock, nonce, ok := wire.ParseKnock(question, k.set.config.Nonce); ok && k.set.config.Again.allows(knock.ID, knock.Random) {
			k.set.delayed.After(k.set.ctx, knock, func() {
				_, _ = k.conn.WriteToUDPAddrPort(knock.Answer(from, k.port).Marshal(nonce), from)
			})
		}
		return
	}
	answer, by := []byte(nil), k
	switch {
	case stun.IsMessage(question):
		answer, by = k.stun(question, from)
	case isSIP(question):
		answer, _ = k.set.sip(question, from.String())
	default:
		answer, _ = k.set.dns(question)
	}
	if len(answer) == 0 || len(answer) > len(question) {
		return
	}
	_, _ = by.conn.WriteToUDPAddrPort(answer, from)
}

// Delayed are the answers that were asked to wait: they show whether a NAT
// mapping lives through silence. The zero value is ready.
type Delayed struct {
	mu      sync.Mutex // guards the rest
	pending map[wire.KnockID]int
}

// maxDelayed bounds the answers that wait for one session, and maxWaiting the
// sessions.
const (
	maxDelayed = 8
	maxWaiting = 4096
)

// After calls send when the knock asks for it: at once, or later from another
// goroutine. The end of ctx ends all waiting.
func (d *Delayed) After(ctx context.Context, k wire.Knock, send func()) {
	if k.Delay == 0 {
		send()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pending == nil {
		d.pending = map[wire.KnockID]int{}
	}
	if d.pending[k.ID] >= maxDelayed || len(d.pending) >= maxWaiting {
		return
	}
	d.pending[k.ID]++
	time.AfterFunc(k.Delay, func() {
		if ctx.Err() == nil {
			send()
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.pending[k.ID]--; d.pending[k.ID] <= 0 {
			delete(d.pending, k.ID)
		}
	})
}
