package responder

import (
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"
)

// A port that lost datagrams for want of room is named to the sessions that
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

// Whom a connection was closed for want of room is told, and nobody else.
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
