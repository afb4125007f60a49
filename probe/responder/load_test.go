package responder

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"netready/internal/seed"
)

// A port that lost datagrams because its buffer was full is reported to the sessions that
// were open then, and to none that came later.
func TestLostDatagramsAreTold(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what a socket lost")
	}
	s := start(t, Local())
	before := open(t, s, request)
	// A socket that nobody reads overflows with a few hundred datagrams, as one
	// does whose reader cannot keep up.
	full, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if err := full.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	port := full.LocalAddr().(*net.UDPAddr).Port
	conn, err := net.Dial("udp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 500 {
		_, _ = conn.Write(make([]byte, 1000))
	}
	time.Sleep(2 * lookForDrops)
	load, err := before.Load(t.Context())
	if err != nil || !slices.Contains(load.Dropped, port) {
		t.Errorf("the session knows of drops at %v (%v), want %d among them", load.Dropped, err, port)
	}
	later := open(t, s, request)
	if load, err = later.Load(t.Context()); err != nil || slices.Contains(load.Dropped, port) {
		t.Errorf("a later session knows of drops at %v (%v), want none of %d", load.Dropped, err, port)
	}
}

// lookForDrops is above the time between two looks at the sockets.
const lookForDrops = 250 * time.Millisecond

// A client whose connection was closed because the responder was full is told so, and
// nobody else.
func TestTurnedAwayIsTold(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	c := open(t, s, request)
	for _, step := range []struct {
		who          string
		mine, anyone bool
	}{{"", false, false}, {"127.0.0.9", false, true}, {"127.0.0.1", true, true}} {
		if step.who != "" {
			s.ports.Turned().Note(netip.MustParseAddr(step.who))
		}
		load, err := c.Load(t.Context())
		if err != nil || load.TurnedAway != step.mine || load.Anyone != step.anyone {
			t.Errorf("after %q: %+v (%v), want %v and %v", step.who, load, err, step.mine, step.anyone)
		}
	}
}

// Datagrams that the media socket dropped after a session began are reported to it: a
// responder that is too slow must not look like a path that loses packets.
func TestDropsOfTheMediaSocketAreToldToItsSessions(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what a socket lost")
	}
	s := start(t, Local())
	c := open(t, s, request)
	call := s.find(c.Grant().Session).calls[0]
	flood := func() { // a delayed reader is too slow
		call.mu.Lock()
		defer call.mu.Unlock()
		agent := dial(t, s)
		packet := make([]byte, 172)
		packet[0] = 0x80
		binary.BigEndian.PutUint32(packet[8:], call.grant.UpSSRC)
		for range 40_000 {
			_, _ = agent.Write(packet)
		}
	}
	flood()
	first := call.news().Dropped
	if first == 0 || s.Load().Dropped < uint64(first) {
		t.Errorf("the session is told of %d drops, the host of %d, want some", first, s.Load().Dropped)
	}
	later := open(t, s, request)
	if got := s.find(later.Grant().Session).calls[0].news().Dropped; got != 0 {
		t.Errorf("a session that came later is told of %d drops, want none", got)
	}
}

// Lateness is reported as it was in the last seconds, rounded up, and then forgotten.
func TestRecentLateness(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 1))
	for range 200 {
		var recent recent
		var all []time.Duration
		at := time.Duration(r.Int64N(int64(time.Hour)))
		for range 1 + r.IntN(500) {
			d := time.Duration(r.Int64N(1 << r.IntN(33)))
			all = append(all, d)
			recent.note(d, at+time.Duration(r.Int64N(int64(2*time.Second))))
		}
		slices.Sort(all)
		want := all[(len(all)*99+99)/100-1]
		if got := p99(at+2*time.Second, &recent); got < want || got > want+want/4+2*time.Microsecond {
			t.Errorf("of %d durations the p99 is %v, want %v", len(all), got, want)
		}
		if got := p99(at+10*time.Second, &recent); got != 0 {
			t.Errorf("after 8 s of nothing the p99 is %v, want 0", got)
		}
		if recent.all.Load() != uint64(len(all)) {
			t.Errorf("%d were noted, want %d", recent.all.Load(), len(all))
		}
	}
}
