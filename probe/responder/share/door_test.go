package share

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func addr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// enter accepts a connection and counts its end.
func enter(t *testing.T, d *Door, from netip.Addr, cut *atomic.Int32) *Guest {
	t.Helper()
	g, ok := d.Enter(from, func() { cut.Add(1) })
	if !ok {
		cut.Add(1)
	}
	return g
}

// A connection that has sent nothing makes room, the oldest first, and one of the same
// address or prefix before any other.
func TestDoorMakesRoom(t *testing.T) {
	for _, test := range []struct {
		name     string
		from     func(i int) netip.Addr
		caps     Caps
		want     int // strangers that stay
		innocent bool
	}{
		{"one address", func(int) netip.Addr { return addr(1) }, Caps{5, 50, 0}, 5, true},
		{"one prefix", func(i int) netip.Addr { return addr(i % 200) }, Caps{5, 50, 0}, 50, true},
		{"everywhere", func(i int) netip.Addr { return addr(i << 8) }, Caps{5, 50, 0}, 100, false},
		{"a /64", func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)) }, Caps{5, 50, 70}, 50, true},
		{"a /48", func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i+1)) }, Caps{5, 50, 70}, 70, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &Door{Strangers: test.caps, Unproved: 100, First: time.Hour, Proof: time.Hour}
				var cut, harmed atomic.Int32
				other := enter(t, d, netip.MustParseAddr("192.0.2.1"), &harmed)
				owner := enter(t, d, test.from(0), &harmed)
				owner.Prove("session")
				began := time.Now()
				time.Sleep(time.Millisecond)
				for i := range 300 {
					enter(t, d, test.from(i), &cut)
				}
				if stay := d.all.size() - btoi(test.innocent); stay != test.want {
					t.Errorf("%d strangers stay, want %d", stay, test.want)
				}
				if int(harmed.Load()) != btoi(!test.innocent) {
					t.Errorf("%d others were cut, innocent %v", harmed.Load(), test.innocent)
				}
				if d.Turned.Since(test.from(0), began) == false || d.Turned.Since(netip.MustParseAddr("192.0.2.1"), began) == test.innocent {
					t.Error("it is not known who was turned away")
				}
				other.Closed()
				owner.Closed()
				time.Sleep(2 * time.Hour) // all others are over
				synctest.Wait()
				if d.all.size() != 0 || len(d.groups) != 0 || d.proved != 0 || len(d.owners) != 0 {
					t.Errorf("%d strangers, %d groups, %d proved are left", d.all.size(), len(d.groups), d.proved)
				}
			})
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The first byte and the proof have their times; a connection that has proved itself has no
// limit.
func TestDoorTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &Door{First: 2 * time.Second, Proof: 5 * time.Second, Owner: 2}
		var silent, speaking, proved, doubted atomic.Int32
		enter(t, d, addr(1), &silent)
		enter(t, d, addr(1), &speaking).Spoke()
		g := enter(t, d, addr(1), &proved)
		g.Prove("a")
		x := enter(t, d, addr(1), &doubted)
		x.Prove("b")
		check := func(after time.Duration, s, sp, p, dd int32) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if silent.Load() != s || speaking.Load() != sp || proved.Load() != p || doubted.Load() != dd {
				t.Errorf("cut: silent %d, speaking %d, proved %d, doubted %d, want %d %d %d %d", silent.Load(), speaking.Load(), proved.Load(), doubted.Load(), s, sp, p, dd)
			}
		}
		check(1900*time.Millisecond, 0, 0, 0, 0)
		check(200*time.Millisecond, 1, 0, 0, 0)
		check(3*time.Second, 1, 1, 0, 0)
		x.Doubt()
		check(4900*time.Millisecond, 1, 1, 0, 0)
		check(time.Hour, 1, 1, 0, 1)
		if d.Turned.AnyoneSince(time.Time{}) {
			t.Error("the end of a connection's time counts as want of room")
		}
		// The owner's oldest makes room for his newest.
		enter(t, d, addr(1), new(atomic.Int32)).Prove("a")
		enter(t, d, addr(2), new(atomic.Int32)).Prove("a")
		check(0, 1, 1, 1, 1)
	})
}

// What is remembered of connections that were refused is bounded, and what is forgotten
// counts as unknown, not as nothing.
func TestTurnedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all Turned
		began := time.Now()
		time.Sleep(time.Second)
		for i := range 3 * maxTurned {
			all.Note(addr(i))
		}
		if len(all.last) > maxTurned {
			t.Errorf("%d are remembered, want %d at most", len(all.last), maxTurned)
		}
		for i := range 3 * maxTurned {
			if !all.Since(addr(i), began) {
				t.Fatalf("%v was turned away, and is not known any more", addr(i))
			}
		}
	})
}
