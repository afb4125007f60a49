package listen

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
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
			continue // an ICMP error about an earlier answer
		}
		k.answer(b[:n], from)
	}
}

// answer recognises the protocol of a question and sends the answer, which is never
// larger than the question.
func (k *socket) answer(question []byte, from netip.AddrPort) {
	if wire.IsKnock(question) {
		if knock, nonce, ok := wire.ParseKnock(question, k.set.config.Nonce); ok && k.set.config.MayAnswer.allows(knock.ID, knock.Random, from) {
			k.set.delayed.After(k.set.ctx, knock, from, func() {
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
		answer, _ = k.set.sip(question, from.String(), from)
	default:
		answer, _ = k.set.dns(question, from)
	}
	if len(answer) == 0 || len(answer) > len(question) {
		return
	}
	_, _ = by.conn.WriteToUDPAddrPort(answer, from)
}

// Delayed are the answers that agents asked to be delayed: they show whether a NAT
// mapping survives silence. The zero value is ready.
type Delayed struct {
	mu      sync.Mutex // guards the rest
	pending map[wire.KnockID][]waiting
}

// waiting is an answer that waits.
type waiting struct {
	question [16]byte
	to       netip.AddrPort
}

// maxDelayed bounds the delayed answers of one session, and maxWaiting the sessions.
// maxCopies bounds the answers to one question, for two addresses: an agent asks
// three questions, and copies of an overheard one must not take all the places.
const (
	maxDelayed = 8
	maxCopies  = 2
	maxWaiting = 4096
)

// After calls send when the knock asks for it: at once, or later from another
// goroutine. Nothing is sent after the end of ctx.
func (d *Delayed) After(ctx context.Context, k wire.Knock, to netip.AddrPort, send func()) {
	if k.Delay == 0 {
		send()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pending == nil {
		d.pending = map[wire.KnockID][]waiting{}
	}
	w := waiting{k.Random, to}
	all, copies := d.pending[k.ID], 0
	for _, other := range all {
		if other.question == w.question {
			copies++
		}
	}
	if len(all) >= maxDelayed || all == nil && len(d.pending) >= maxWaiting || copies >= maxCopies || slices.Contains(all, w) {
		return
	}
	d.pending[k.ID] = append(all, w)
	time.AfterFunc(k.Delay, func() {
		if ctx.Err() == nil {
			send()
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		rest := slices.DeleteFunc(d.pending[k.ID], func(other waiting) bool { return other == w })
		if d.pending[k.ID] = rest; len(rest) == 0 {
			delete(d.pending, k.ID)
		}
	})
}
