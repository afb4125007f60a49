package call

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// ask sends checks until ctx ends, each with a transaction of its own and none
// twice. They keep the address proved and measure the round trip. Each leaves at a random
// moment of a packet's time (RFC 2330 11.1): one that always followed a packet would be lost more often,
// or less often, at a limit of rate or a full queue than what they stand for.
func (l *leg) ask(ctx context.Context) {
	next := stamp.Now()
	for ctx.Err() == nil {
		l.askOnce()
		every := checkEvery
		if !l.isProved() && stamp.Now()-l.begun > proofWait+unwanted {
			every = rarely
		}
		// After a standstill the checks that were due in it are left out.
		next = max(next+every, stamp.Now()-every)
		stamp.Pause(ctx, next+rand.N(l.request.Ptime)-stamp.Now())
	}
}

func (l *leg) askOnce() {
	id := wire.NewTransactionID()
	b := l.credential.AskPadded(nil, id)
	l.mu.Lock()
	now := stamp.Now()
	if l.askedAt != 0 && now-l.askedAt > rarely+standstill {
		clear(l.pending) // this computer stood still: answers still wait to be read
	}
	l.askedAt = now
	l.expire(now)
	// The lock is held while sending, so that the answer finds the question.
	defer l.mu.Unlock()
	l.pending[id] = stamp.Now()
	_ = l.conn.Write(b, netip.AddrPort{}) // a check that could not be sent counts as lost
}

// expire counts as lost the checks whose time is over. The lock is held.
func (l *leg) expire(now time.Duration) {
	for id, asked := range l.pending {
		if now-asked >= checkLost {
			delete(l.pending, id)
			l.lost++
			l.overdue[id] = asked
		}
	}
}

// check handles a STUN message: the responder's answer to a check of ours, or its
// own check. A message that is not authentic gets no answer.
func (l *leg) check(b []byte, a stamp.Arrival) {
	c, err := wire.ParseCheck(b)
	if err != nil || c.Authentic(l.credential) != nil {
		l.mu.Lock()
		l.foreign++
		l.mu.Unlock()
		return
	}
	if c.Answer {
		l.answered(c, a.At)
		return
	}
	if string(c.Username) == l.grant.Username {
		l.reply(c, a)
	}
}

// reply answers the responder's check, which proves this address to it.
func (l *leg) reply(c wire.Check, a stamp.Arrival) {
	_ = l.conn.Write(l.credential.Answer(nil, c.ID, a.From, a.At, stamp.Now()), netip.AddrPort{})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard, l.isHeard = a.At, true
}

// answered notes the round trip of a check: (T4 - T1) - (T3 - T2), without the
// time that the responder took.
func (l *leg) answered(c wire.Check, at time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked, ok := l.pending[c.ID]
	if !ok || at-asked >= checkLost {
		l.late(c.ID, at)
		return // a second copy, or too late
	}
	delete(l.pending, c.ID)
	l.heard, l.isHeard, l.answerAt = at, true, at
	// If the responder's clock is set, this difference means nothing.
	if held := c.Sent - c.Received; held >= 0 && held <= at-asked {
		l.trips = append(l.trips, stream.RoundTrip{At: asked - l.begun, RTT: at - asked - held})
	}
	l.seenAs(c.Mapped, at)
	l.prove()
}

// late notes a check whose answer came too late: the check reached the far end, which stood
// still, or is behind a long queue. UDP passes all the same. The lock is held.
func (l *leg) late(id wire.TransactionID, at time.Duration) {
	asked, ok := l.overdue[id]
	if !ok {
		if asked, ok = l.pending[id]; !ok {
			return
		}
		delete(l.pending, id)
		l.lost++
	}
	delete(l.overdue, id)
	l.reached = append(l.reached, asked)
	l.heard, l.isHeard, l.answerAt = at, true, at
	l.prove()
}

// prove notes that UDP passes both ways. The lock is held.
func (l *leg) prove() {
	if !l.isProved() {
		close(l.proved)
	}
}

func (l *leg) isProved() bool {
	select {
	case <-l.proved:
		return true
	default:
		return false
	}
}

// seenAs keeps the address of this machine that the responder sees, and its
// changes. The lock is held.
func (l *leg) seenAs(addr netip.AddrPort, at time.Duration) {
	if l.mapped.IsValid() && l.mapped != addr {
		l.changes = append(l.changes, PathChange{At: at - l.begun, From: l.mapped, To: addr})
	}
	l.mapped = addr
}
