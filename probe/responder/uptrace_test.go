package responder

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// sealed are the packets of a call's stream up.
func sealed(t *testing.T, r wire.Request, g wire.CallGrant, n int) [][]byte {
	t.Helper()
	s, err := wire.NewSealer(wire.UpFlow(r, g))
	if err != nil {
		t.Fatal(err)
	}
	all := make([][]byte, n)
	for i := range all {
		all[i] = append([]byte(nil), s.Seal(int64(i), stamp.Now())...)
	}
	return all
}

// counted is what a responder reports of a finished call's stream up.
func counted(t *testing.T, s *Server, g wire.CallGrant) (first, all int) {
	t.Helper()
	c := s.callOfUser(g.Username)
	if c == nil {
		t.Fatal("there is no such call")
	}
	c.session.finish()
	arrivals, err := wire.UnpackArrivals(c.news().Up, c.packets, stream.MostCopies(c.packets))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	for _, a := range arrivals {
		seen[a.Seq] = true
	}
	return len(seen), len(arrivals)
}

// One overheard packet, sent again and again from an address that is not the call's, used
// up the copies that a call may have: 97 % of it were "lost". It came before, beside and
// after the call's own packets, with the call's address proved or, where the way down is
// dead, known only by its checks.
func TestOverheardPacketSentAgainCostsNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		proved  bool
		packets int
		copies  int
		thieves int
	}{
		"one packet, proved":           {true, 200, 7000, 1},
		"one packet, only asked":       {false, 200, 7000, 1},
		"several thieves, proved":      {true, 120, 600, 20},
		"several thieves, only asked":  {false, 120, 600, 20},
		"more copies than any honest":  {true, 50, 20_000, 1},
		"a thief with the own address": {true, 100, 3000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Local())
			r := request
			r.Duration = time.Duration(test.packets) * r.Ptime
			g := open(t, s, r).Grant().Calls[0]
			agent := dial(t, s)
			agent.send(t, askPadded(t, g))
			agent.listen(t, 100*time.Millisecond)
			if test.proved {
				agent.prove(t, s, g)
				agent.listen(t, 50*time.Millisecond)
			}
			from := agent.LocalAddr().(*net.UDPAddr).AddrPort()
			packets := sealed(t, r, g, test.packets)
			steal := func(b []byte) { // straight to the reader: the socket's buffer is not what is tested
				for i := range test.copies {
					a := stamp.Arrival{N: len(b), From: from, At: stamp.Now()}
					if test.thieves > 0 {
						a.From = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.66"), uint16(1000+i%test.thieves))
					}
					s.datagram(b, a, nil)
				}
			}
			for i, b := range packets {
				if i == 1 {
					steal(packets[0])
				}
				if i == len(packets)/2 && test.thieves > 0 {
					steal(packets[len(packets)-1])
				}
				s.datagram(b, stamp.Arrival{N: len(b), From: from, At: stamp.Now()}, nil)
			}
			first, all := counted(t, s, g)
			if first != test.packets {
				t.Errorf("%d packets were counted of %d that came", first, test.packets)
			}
			if test.thieves > 0 && all != test.packets {
				t.Errorf("%d copies were taken from another address", all-test.packets)
			}
			if most := 2*test.packets + 1000; all > most {
				t.Errorf("%d arrivals, at most %d are taken", all, most)
			}
		})
	}
}

// A NAT that changes the mapping loses nothing: packets that came from the new address
// before its proof count once it is proved, and also where no proof can come.
func TestPacketsBeforeTheProofOfANewMappingCount(t *testing.T) {
	t.Parallel()
	for name, proved := range map[string]bool{"proved": true, "the way down is dead": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Local())
			r := request
			r.Duration = time.Second
			g := open(t, s, r).Grant().Calls[0]
			packets := sealed(t, r, g, 50)
			old, moved := dial(t, s), dial(t, s)
			for i, a := range []*socket{old, moved} {
				for _, b := range packets[25*i : 25*i+25] {
					a.send(t, b)
				}
				a.listen(t, 50*time.Millisecond)
				a.send(t, askPadded(t, g))
				a.listen(t, 100*time.Millisecond)
				if proved {
					a.prove(t, s, g)
					a.listen(t, 50*time.Millisecond)
				}
			}
			if first, _ := counted(t, s, g); first != 50 {
				t.Errorf("%d of 50 packets were counted", first)
			}
		})
	}
}

// Whoever holds the secrets cannot fill the memory with packets that wait.
func TestPacketsThatWaitAreBounded(t *testing.T) {
	u := upTrace{packets: 100_000, ptime: 5 * time.Millisecond}
	for i := range 300_000 {
		u.hold(arrivalOf(i), netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(i%5000)))
	}
	n := 0
	for _, waiting := range u.held {
		n += len(waiting)
	}
	if most := mostHolding * (int(heldFor/u.ptime) + 1); len(u.held) > mostHolding || n > most {
		t.Errorf("%d addresses with %d packets wait, at most %d with %d may", len(u.held), n, mostHolding, most)
	}
}

func arrivalOf(i int) stream.Arrival { return stream.Arrival{Seq: int64(i % 100_000)} }

// The kernel counts a socket's drops for as long as it is open: a session is told only of
// its own time.
func TestDropsAreThoseSinceTheSessionBegan(t *testing.T) {
	s := newSession(request, netip.MustParseAddr("127.0.0.1"))
	for _, before := range []uint32{0, 1, 5_000_000, 1<<32 - 3} {
		now := before
		s.drops, s.dropsBefore = func() uint32 { return now }, before
		if got := s.calls[0].news().Dropped; got != 0 {
			t.Errorf("%d drops before the session count as %d of its own", before, got)
		}
		now += 7
		if got := s.calls[0].news().Dropped; got != 7 {
			t.Errorf("7 drops after %d others count as %d", before, got)
		}
	}
}
