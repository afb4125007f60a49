package share

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

func always() bool { return true }

var day = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)

// Nobody can take so much that nothing is left for another prefix, whatever is asked for
// and from wherever.
func TestSharesLeaveRoom(t *testing.T) {
	one := Cost{100, 1}
	for _, test := range []struct {
		name string
		from func(i int) netip.Addr
		cost Cost
		want int
	}{
		{"one address", func(int) netip.Addr { return addr(1) }, one, 250},
		{"one address, large", func(int) netip.Addr { return addr(1) }, Cost{5000, 1}, 5},
		{"one prefix", func(i int) netip.Addr { return addr(i % 250) }, one, 375},
		{"a /64", func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)) }, one, 375},
		{"a /48", func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i+1)) }, one, 375},
		{"cheap ones", func(i int) netip.Addr { return addr(i % 250) }, Cost{1, 1}, 375},
	} {
		l := NewLedger(Divide(Cost{50_000, 500}, 1))
		got := 0
		for i := range 1200 {
			if l.Ask(Holder{"t", test.from(i)}, test.cost, "", day, always).Loan != nil {
				got++
			}
		}
		if got != test.want {
			t.Errorf("%s: %d sessions, want %d", test.name, got, test.want)
		}
		if l.Ask(Holder{"t", netip.MustParseAddr("192.0.2.1")}, one, "", day, always).Loan == nil {
			t.Errorf("%s: nothing is left for another one", test.name)
		}
		if len(l.queue) > queueAddress && test.name == "one address" || len(l.queue) > maxQueue {
			t.Errorf("%s: %d wait", test.name, len(l.queue))
		}
	}
}

// Of several tokens one may not take everything; a single token may.
func TestShareOfAToken(t *testing.T) {
	for tokens, want := range map[int]int{1: 100, 2: 75} {
		l := NewLedger(Divide(Cost{100, 1000}, tokens))
		got := 0
		for i := range 200 {
			if l.Ask(Holder{"a", addr(i << 8)}, Cost{1, 1}, "", day, always).Loan != nil {
				got++
			}
		}
		if got != want {
			t.Errorf("%d tokens: one takes %d, want %d", tokens, got, want)
		}
	}
}

// Sixty workstations behind one address, with room for four at once, are all
// served, in the order of their coming, though they come back at random.
func TestEverybodyHasHisTurn(t *testing.T) {
	const stations, room, lasts = 60, 4, 45 * time.Second
	l := NewLedger(Shares{All: Cost{1000, 1000}, Token: Cost{1000, 1000}, Address: Cost{room, room}, Prefix: Cost{1000, 1000}})
	type station struct {
		next   time.Time
		ticket string
		loan   *Loan
		end    time.Time
		served int
	}
	all := make([]station, stations)
	for i := range all {
		all[i].next = day.Add(time.Duration(i) * 10 * time.Millisecond)
	}
	served := 0
	for now := day; now.Before(day.Add(30 * time.Minute)); now = now.Add(100 * time.Millisecond) {
		for i := range all {
			s := &all[i]
			if s.loan != nil && now.After(s.end) {
				s.loan.Return()
				s.loan = nil
			}
			if s.served > 0 || now.Before(s.next) {
				continue
			}
			turn := l.Ask(Holder{"t", addr(1)}, Cost{1, 1}, s.ticket, now, always)
			if s.loan, s.ticket = turn.Loan, turn.Ticket; s.loan != nil {
				served++
				s.served, s.end = served, now.Add(lasts)
			} else if turn.After < soonest || turn.After > latest {
				t.Fatalf("to come again in %v", turn.After)
			}
			s.next = now.Add(turn.After + time.Duration(rand.Int64N(int64(turn.After/2+time.Second))))
		}
	}
	for i, s := range all {
		if s.served == 0 {
			t.Errorf("station %d has not had its turn", i)
		}
		if d := s.served - 1 - i; d < -2*room || d > 2*room {
			t.Errorf("station %d was served as number %d", i, s.served)
		}
	}
	if len(l.queue) != 0 {
		t.Errorf("%d are left in the queue", len(l.queue))
	}
}

// An agent that does not come back loses its place, and one that waits for its own prefix
// delays nobody of another one.
func TestQueueIsNoHold(t *testing.T) {
	l := NewLedger(Divide(Cost{10, 10}, 1))
	ask := func(from int, ticket string, at time.Duration) Turn {
		return l.Ask(Holder{"t", addr(from << 8)}, Cost{1, 1}, ticket, day.Add(at), always)
	}
	var first *Loan
	for range 5 {
		first = ask(1, "", 0).Loan
	}
	gone := ask(1, "", 0)
	if gone.Loan != nil || gone.Ticket == "" {
		t.Fatalf("the sixth of one address: %+v", gone)
	}
	if ask(2, "", 0).Loan == nil {
		t.Error("another address waits for it")
	}
	first.Return()
	first.Return() // twice is once
	next := ask(1, "", time.Second)
	if next.Loan != nil {
		t.Error("somebody passed by who waits")
	}
	if ask(1, next.Ticket, 2*time.Minute).Loan == nil {
		t.Error("the place of one who never came back is kept")
	}
}

// An agent that tries and is refused is promised nothing.
func TestTryKeepsNoPlace(t *testing.T) {
	l := NewLedger(Divide(Cost{10, 10}, 1))
	h := Holder{"t", addr(1)}
	first := l.Try(h, Cost{5, 1})
	for range 20 {
		if l.Try(h, Cost{5, 1}) != nil {
			t.Fatal("more is taken than there is")
		}
	}
	first.Return()
	if l.Waiting() != 0 || l.Try(h, Cost{5, 1}) == nil {
		t.Errorf("%d wait", l.Waiting())
	}
}

// A share that was returned because no proof came is taken again if there is room.
func TestResume(t *testing.T) {
	l := NewLedger(Divide(Cost{10, 10}, 1))
	h := Holder{"t", addr(1)}
	loan := l.Ask(h, Cost{5, 1}, "", day, always).Loan
	loan.Return()
	other := l.Ask(h, Cost{5, 1}, "", day, always).Loan
	if loan.Resume() {
		t.Error("more is taken than there is")
	}
	other.Return()
	first, second := loan.Resume(), loan.Resume()
	if !first || !second || l.Used() != (Cost{5, 1}) {
		t.Errorf("%+v is taken", l.Used())
	}
}

// A client that begins again and again leaves room for others.
func TestPace(t *testing.T) {
	p := NewPace(20)
	got := 0
	for range 1000 {
		if p.Allow(addr(1), day) {
			got++
		}
	}
	if got > 31 || got < 20 {
		t.Errorf("%d at once from one address, want half of 61", got)
	}
	if !p.Allow(addr(1<<8), day) {
		t.Error("nothing is left for another address")
	}
	for i := range 3 * maxPaces {
		p.Allow(addr(i<<8), day.Add(time.Duration(i)*time.Second))
	}
	if len(p.groups) > maxPaces {
		t.Errorf("%d are remembered", len(p.groups))
	}
}
