package share

import (
	"net/netip"
	"sync"
)

// A Cost is what a session takes while it lasts.
type Cost struct {
	Packets  int // a second, both ways
	Sessions int
}

func (c Cost) plus(o Cost) Cost  { return Cost{c.Packets + o.Packets, c.Sessions + o.Sessions} }
func (c Cost) minus(o Cost) Cost { return Cost{c.Packets - o.Packets, c.Sessions - o.Sessions} }

// Within says whether a cost is no more than another one.
func (c Cost) Within(o Cost) bool { return c.Packets <= o.Packets && c.Sessions <= o.Sessions }

// of is a share of a cost.
func (c Cost) of(part, whole int) Cost {
	return Cost{max(1, c.Packets*part/whole), max(1, c.Sessions*part/whole)}
}

// A Holder is who takes something.
type Holder struct {
	Token string // that was shown, by a name that is no secret
	From  netip.Addr
}

// Shares bound what the circles of one holder may take together.
type Shares struct {
	All     Cost
	Token   Cost // of one token
	Address Cost // of one client address
	Prefix  Cost // of one prefix, and of one IPv6 site
}

// Divide says how a total is divided: half of it for one address, three quarters for
// one prefix, so that something is left for others. One token may take all of it,
// because most responders have only one; with several tokens it is three quarters.
func Divide(all Cost, tokens int) Shares {
	s := Shares{All: all, Token: all, Address: all.of(1, 2), Prefix: all.of(3, 4)}
	if tokens > 1 {
		s.Token = all.of(3, 4)
	}
	return s
}

// account is what costs are counted on: a token's, or a prefix's.
type account struct {
	token  string
	circle netip.Prefix
}

// A Ledger counts what each client has taken. The cost of its methods does not
// depend on the number of sessions; only the queue is searched, which is bounded.
type Ledger struct {
	mu     sync.Mutex // guards the rest
	shares Shares
	all    Cost
	taken  map[account]Cost
	queue  []*waiting
}

// NewLedger is an empty ledger.
func NewLedger(s Shares) *Ledger { return &Ledger{shares: s, taken: map[account]Cost{}} }

// Set changes the shares. What is taken stays taken.
func (l *Ledger) Set(s Shares) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shares = s
}

// Shares are the current ones.
func (l *Ledger) Shares() Shares {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shares
}

// Used is what is taken in total.
func (l *Ledger) Used() Cost {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

// Waiting is how many clients have a place in the queue now.
func (l *Ledger) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// A Loan is what one session has taken.
type Loan struct {
	ledger *Ledger
	holder Holder
	cost   Cost
	out    bool // it is taken now
}

// accounts are the accounts that a holder's loans are counted on, with their bounds.
func (l *Ledger) accounts(h Holder) []bound {
	all := []bound{{account{token: h.Token}, l.shares.Token}}
	for i, circle := range Circles(h.From) {
		if !circle.IsValid() {
			continue
		}
		most := l.shares.Prefix
		if i == 0 {
			most = l.shares.Address
		}
		all = append(all, bound{account{circle: circle}, most})
	}
	return all
}

type bound struct {
	account
	most Cost
}

// fits says whether a cost may be taken on top of what is taken and promised.
// l.mu is held.
func (l *Ledger) fits(h Holder, c Cost, promised map[account]Cost, all Cost) bool {
	if !l.all.plus(all).plus(c).Within(l.shares.All) {
		return false
	}
	for _, b := range l.accounts(h) {
		if !l.taken[b.account].plus(promised[b.account]).plus(c).Within(b.most) {
			return false
		}
	}
	return true
}

// take makes a loan. l.mu is held.
func (l *Ledger) take(h Holder, c Cost) *Loan {
	loan := &Loan{ledger: l, holder: h, cost: c, out: true}
	l.all = l.all.plus(c)
	for _, b := range l.accounts(h) {
		l.taken[b.account] = l.taken[b.account].plus(c)
	}
	return loan
}

// Try takes a cost for a holder if there is room for it, or returns nil. It keeps no place
// for who is refused: it is for clients that come again without a ticket.
func (l *Ledger) Try(h Holder, c Cost) *Loan {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.fits(h, c, nil, Cost{}) {
		return nil
	}
	return l.take(h, c)
}

// Return gives back what was taken. It may be called several times.
func (n *Loan) Return() {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if !n.out {
		return
	}
	n.out = false
	l.all = l.all.minus(n.cost)
	for _, b := range l.accounts(n.holder) {
		if left := l.taken[b.account].minus(n.cost); left == (Cost{}) {
			delete(l.taken, b.account)
		} else {
			l.taken[b.account] = left
		}
	}
}

// Returned says whether the loan is given back.
func (n *Loan) Returned() bool {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	return !n.out
}

// Resume takes again what was returned, if there is room for it.
func (n *Loan) Resume() bool {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.out {
		return true
	}
	if !l.fits(n.holder, n.cost, nil, Cost{}) {
		return false
	}
	l.take(n.holder, n.cost)
	n.out = true
	return true
}
