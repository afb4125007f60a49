package stamp

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"netready/probe/stream"
)

var _ PacketConn = (*Conn)(nil)

func listen(t *testing.T, address string) *Conn {
	t.Helper()
	c, err := Listen(t.Context(), address)
	if err != nil {
		t.Skipf("no socket on %s here: %v", address, err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func dial(t *testing.T, to netip.AddrPort) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		ticks, frequency uint64
		want             time.Duration
	}{
		{0, 10_000_000, 0},
		{1, 10_000_000, 100},
		{10_000_000 * 86400 * 365, 10_000_000, 365 * 24 * time.Hour},
		{3_000_000_000, 3_000_000_000, time.Second}, // 1e9 / frequency would be 0
		{1, 3_579_545, 279},
		{3_579_545 * 1_000_000, 3_579_545, 1_000_000 * time.Second},
	} {
		if got := scale(c.ticks, c.frequency); got != c.want {
			t.Errorf("scale(%d, %d) = %v, want %v", c.ticks, c.frequency, got, c.want)
		}
	}
}

func TestArrivalOnTheMonotonicClock(t *testing.T) {
	const (
		off = int64(1_700_000_000_000_000_000)
		s   = time.Second
		ms  = time.Millisecond
	)
	type reading struct {
		name      string
		arrived   time.Duration // truth
		read      time.Duration
		step      time.Duration // by which the wall clock is ahead when the kernel stamps
		stepAfter time.Duration // and when it is read
		none      bool          // no kernel stamp
		want      time.Duration
	}
	for _, c := range []struct {
		name     string
		readings []reading
	}{
		{"plain", []reading{{"1", 1 * s, 1*s + 3*ms, 0, 0, false, 1 * s}, {"2", 2 * s, 2*s + 500*ms, 0, 0, false, 2 * s}}},
		{"no kernel stamp", []reading{{"1", 1 * s, 1*s + 3*ms, 0, 0, true, 1*s + 3*ms}}},
		{"wall set back an hour in between", []reading{
			{"1", 1 * s, 1*s + ms, 0, 0, false, 1 * s},
			{"2", 2 * s, 2*s + 7*ms, 0, -3600 * s, false, 2 * s},
			{"3", 3 * s, 3*s + ms, -3600 * s, -3600 * s, false, 3 * s},
		}},
		{"wall set forward an hour in between", []reading{
			{"1", 1 * s, 1*s + ms, 0, 0, false, 1 * s},
			{"2", 2 * s, 2*s + 7*ms, 0, 3600 * s, false, 2 * s},
			{"3", 3 * s, 3*s + ms, 3600 * s, 3600 * s, false, 3 * s},
		}},
		{"wall set before the kernel's stamp", []reading{
			{"1", 1 * s, 1*s + ms, 0, 0, false, 1 * s},
			{"2", 2 * s, 2*s + 7*ms, 3600 * s, 3600 * s, false, 2 * s},
			{"3", 3 * s, 3*s + 7*ms, -5 * s, -5 * s, false, 3 * s},
		}},
		{"a step too small to tell which: reading time", []reading{
			{"1", 1 * s, 1*s + ms, 0, 0, false, 1 * s},
			{"2", 2 * s, 2*s + 400*ms, 0, 200 * ms, false, 2*s + 400*ms},
		}},
		{"before anything is known", []reading{{"1", 1 * s, 1*s + ms, 0, -3600 * s, false, 1*s + ms}}},
	} {
		var k clocks
		for _, r := range c.readings {
			kernel := off + int64(r.arrived+r.step)
			if r.none {
				kernel = 0
			}
			if got := k.arrival(kernel, off+int64(r.read+r.stepAfter), r.read); got != r.want {
				t.Errorf("%s: reading %s: got %v, want %v", c.name, r.name, got, r.want)
			}
		}
	}
}

func TestReadStampsAndAddresses(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		far := listen(t, address)
		to := far.LocalAddr()
		if to.Addr().IsUnspecified() {
			to = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), to.Port())
		}
		near := dial(t, to)
		before := Now()
		if err := near.Write([]byte("hello"), netip.AddrPort{}); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, MaxDatagram)
		a, err := far.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if string(b[:a.N]) != "hello" || a.From != near.LocalAddr() {
			t.Errorf("%s: got %q from %v, want from %v", address, b[:a.N], a.From, near.LocalAddr())
		}
		// The clocks are read microseconds apart.
		if a.At < before-100*time.Microsecond || a.At > Now() {
			t.Errorf("%s: stamped %v, sent after %v, now %v", address, a.At, before, Now())
		}
		if err := far.Write([]byte("back"), a.From); err != nil {
			t.Fatal(err)
		}
		if a, err = near.Read(b); err != nil || string(b[:a.N]) != "back" {
			t.Errorf("%s: got %q, %v", address, b[:a.N], err)
		}
	}
}

// The kernel's stamp is of the arrival, however late it is read.
func TestLateReaderSeesTheArrival(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("kernel stamps are used on Linux")
	}
	far := listen(t, "127.0.0.1:0")
	near := dial(t, far.LocalAddr())
	// The kernel begins to stamp a moment after the first socket of the machine asks for
	// it; a packet from before then has the time of the reading.
	var late time.Duration
	for range 5 {
		if err := near.Write([]byte("x"), netip.AddrPort{}); err != nil {
			t.Fatal(err)
		}
		sent := Now()
		SleepUntil(sent + 50*time.Millisecond)
		a, err := far.Read(make([]byte, 10))
		if err != nil {
			t.Fatal(err)
		}
		if late = a.At - sent; late < 40*time.Millisecond {
			return
		}
	}
	t.Errorf("stamped %v after it was sent", late)
}

func TestDSCP(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("marks are read on Linux")
	}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		far := listen(t, address)
		to := far.LocalAddr()
		if to.Addr().IsUnspecified() {
			to = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), to.Port())
		}
		near := dial(t, to)
		for _, want := range []int{46, 0, 18, 63} {
			if set, reason := near.SetDSCP(want); set != want || reason != "" {
				t.Errorf("%s: set %d %q, want %d", address, set, reason, want)
			}
			if err := near.Write([]byte("x"), netip.AddrPort{}); err != nil {
				t.Fatal(err)
			}
			a, err := far.Read(make([]byte, 10))
			if err != nil || a.DSCP != want {
				t.Errorf("%s: got mark %d, %v, want %d", address, a.DSCP, err, want)
			}
			// The way back is marked too, on a socket of both families.
			far.SetDSCP(want)
			if err := far.Write([]byte("x"), a.From); err != nil {
				t.Fatal(err)
			}
			if a, err = near.Read(make([]byte, 10)); err != nil || a.DSCP != want {
				t.Errorf("%s: back: got mark %d, %v, want %d", address, a.DSCP, err, want)
			}
		}
	}
	if set, reason := listen(t, "127.0.0.1:0").SetDSCP(64); set != 0 || reason == "" {
		t.Errorf("DSCP 64: got %d, %q", set, reason)
	}
	if got := listen(t, "127.0.0.1:0").NoDSCP(); got != "" {
		t.Errorf("NoDSCP %q", got)
	}
	_ = stream.NoDSCP
}

// A port that answers "unreachable" neither ends the reading nor loses a packet.
func TestRefusedEndsNothing(t *testing.T) {
	closed := listen(t, "127.0.0.1:0")
	at := closed.LocalAddr()
	near := dial(t, at)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := near.Write([]byte("x"), netip.AddrPort{}); err != nil {
			t.Errorf("writing to a closed port: %v", err)
		}
	}
	_ = near.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := near.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading: %v, want the deadline", err)
	}
	// The far end comes back.
	back := listen(t, at.String())
	if err := near.Write([]byte("y"), netip.AddrPort{}); err != nil {
		t.Fatal(err)
	}
	if a, err := back.Read(make([]byte, 10)); err != nil || a.N != 1 {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestDroppedAreCounted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the drop counter is read on Linux")
	}
	far := listen(t, "127.0.0.1:0")
	near := dial(t, far.LocalAddr())
	if err := far.udp.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	const sent = 200
	for range sent {
		_ = near.Write(make([]byte, 1000), netip.AddrPort{})
	}
	b := make([]byte, MaxDatagram)
	read := 0
	for {
		_ = far.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := far.Read(b); err != nil {
			break
		}
		read++
	}
	if dropped := far.Drops(); read == sent || int(dropped) != sent-read {
		t.Errorf("read %d of %d, counted %d dropped", read, sent, dropped)
	}
	if dropped := listen(t, "127.0.0.1:0").Drops(); dropped != 0 {
		t.Errorf("a new socket dropped %d", dropped)
	}
}

// What the system grants is read back, whatever was asked for.
func TestBufferIsReadBack(t *testing.T) {
	far := listen(t, "127.0.0.1:0")
	asked, granted := far.Buffer()
	if runtime.GOOS == "linux" && (granted <= 0 || granted > asked) || asked != sharedBuffer {
		t.Errorf("asked for %d, granted %d", asked, granted)
	}
}

// Two sessions share a socket: each packet has the mark of its own, on sockets
// of either family and of both.
func TestEveryPacketHasItsOwnMark(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("marks are read on Linux")
	}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		shared := listen(t, address)
		for _, host := range []string{"127.0.0.1:0", "[::1]:0"} {
			if at := shared.LocalAddr().Addr(); !at.IsUnspecified() && at != netip.MustParseAddrPort(host).Addr() {
				continue
			}
			near := listen(t, host)
			shared.SetDSCP(10) // what somebody set before
			for _, want := range []int{46, 0, 34, 63, 46} {
				if err := shared.WriteMarked([]byte("x"), near.LocalAddr(), want); err != nil {
					t.Fatal(err)
				}
				if a, err := near.Read(make([]byte, 10)); err != nil || a.DSCP != want {
					t.Errorf("%s to %s: got mark %d, %v, want %d", address, host, a.DSCP, err, want)
				}
			}
		}
		if reason := shared.NoMark(); reason != "" {
			t.Errorf("%s: %s", address, reason)
		}
	}
}

func TestSleepUntil(t *testing.T) {
	release := Thread()
	defer release()
	for _, wait := range []time.Duration{-time.Second, 0, 5 * time.Millisecond} {
		until := Now() + wait
		SleepUntil(until)
		if now := Now(); now < until {
			t.Errorf("woke %v early", until-now)
		}
	}
}

func TestVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := Now()
		SleepPlain(before + time.Hour)
		if got := Now() - before; got != time.Hour {
			t.Errorf("an hour took %v", got)
		}
	})
}

func TestDialErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(ctx, "127.0.0.1:1"); err == nil {
		t.Error("a cancelled dial gave no error")
	}
	if _, err := Listen(t.Context(), "no such address"); err == nil {
		t.Error("a bad address gave no error")
	}
}
