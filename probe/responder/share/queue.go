package share

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"time"
)

// Bounds of a queue, and when those in it ask again: the first of them often,
// so that no place stays empty for long, the others less so.
const (
	maxQueue     = 512
	queueAddress = 128 // places of one address
	soonest      = 2 * time.Second
	latest       = 20 * time.Second
	forEach      = 4                // places in the queue add one second
	grace        = 6 * time.Second  // after the time to ask again, until a place in the queue is lost
	queueFull    = 30 * time.Second // when to ask again where the queue is full
)

// waiting is one place in the queue.
type waiting struct {
	ticket string
	holder Holder
	cost   Cost
	until  time.Time // then its place is lost
}

// A Turn is the answer to a client: a loan, or when to ask again.
type Turn struct {
	Loan   *Loan
	After  time.Duration
	Ahead  int    // how many are before it in the queue, of the same prefix
	Ticket string // keeps the place in the queue
}

// Ask takes a cost for a holder, or gives it a place in the queue. ticket is that of
// its last Turn, "" at first. The queue is served in order, but clients of a group
// that has room do not wait for those of a group that has none. may can still refuse
// where there is room, for example because too many begin at once.
func (l *Ledger) Ask(h Holder, c Cost, ticket string, now time.Time, may func() bool) Turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = slices.DeleteFunc(l.queue, func(w *waiting) bool { return now.After(w.until) })
	at := slices.IndexFunc(l.queue, func(w *waiting) bool {
		return ticket != "" && w.ticket == ticket && w.holder == h && w.cost == c
	})
	before := l.queue
	if at >= 0 {
		before = l.queue[:at]
	}
	if !l.fitsAfter(before, h, c) || !may() {
		return l.wait(at, l.ahead(before, h), h, c, now)
	}
	if at >= 0 {
		l.queue = slices.Delete(l.queue, at, at+1)
	}
	return Turn{Loan: l.take(h, c)}
}

// wait keeps a place in the queue. at is the place that the holder has, below 0 none.
func (l *Ledger) wait(at, ahead int, h Holder, c Cost, now time.Time) Turn {
	after := min(latest, soonest+time.Duration(ahead/forEach)*time.Second)
	if at < 0 {
		if len(l.queue) >= maxQueue || l.inQueue(h.From) >= queueAddress {
			return Turn{After: queueFull}
		}
		l.queue = append(l.queue, &waiting{ticket: rand.Text(), holder: h, cost: c})
		at = len(l.queue) - 1
	}
	w := l.queue[at]
	w.until = now.Add(2*after + grace)
	return Turn{After: after, Ahead: ahead, Ticket: w.ticket}
}

func (l *Ledger) inQueue(from netip.Addr) (n int) {
	for _, w := range l.queue {
		if w.holder.From == from {
			n++
		}
	}
	return n
}

// ahead is how many of the same prefix wait before a holder.
func (l *Ledger) ahead(before []*waiting, h Holder) (n int) {
	own := Circles(h.From)[1]
	for _, w := range before {
		if Circles(w.holder.From)[1] == own {
			n++
		}
	}
	return n
}

// fitsAfter says whether a cost may still be taken after all those before it that
// there is room for.
func (l *Ledger) fitsAfter(before []*waiting, h Holder, c Cost) bool {
	promised, all := map[account]Cost{}, Cost{}
	for _, w := range before {
		if !l.fits(w.holder, w.cost, promised, all) {
			continue
		}
		all = all.plus(w.cost)
		for _, b := range l.accounts(w.holder) {
			promised[b.account] = promised[b.account].plus(w.cost)
		}
	}
	return l.fits(h, c, promised, all)
}
