package stamp

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/probe/stream"
)

// Datagrams sent and read many at a time stay as they were: bytes, addresses, marks and
// times. One that cannot be sent does not stop the others.
func TestManyAtOnceAreWhatTheyWere(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 2))
	for _, host := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		from, to := listenOne(t, host), listenOne(t, host)
		from.UseMark(r.IntN(64))
		address := to.LocalAddr()
		for round := range 20 {
			if address.Addr().IsUnspecified() { // a socket of both families: by turns
				address = netip.AddrPortFrom([]netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}[round%2], address.Port())
			}
			exchange(t, r, from, to, address)
		}
	}
}

func listenOne(t *testing.T, host string) *Shared {
	t.Helper()
	all, err := ListenMany(t.Context(), host, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = all[0].Close() })
	return all[0]
}

func exchange(t *testing.T, r *rand.Rand, from, to *Shared, address netip.AddrPort) {
	t.Helper()
	writer := from.Writer(1 + r.IntN(20))
	var put [][]byte
	var marks []int
	before := Now()
	for range 1 + r.IntN(40) {
		b, mark := make([]byte, 1+r.IntN(MaxDatagram)), r.IntN(64)
		if r.IntN(2) == 0 {
			mark = max(from.mark, 0)
		}
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		if r.IntN(8) == 0 {
			b = make([]byte, 70_000) // no datagram is this large
		} else {
			put, marks = append(put, b), append(marks, mark)
		}
		if writer.Put(b, address, mark) {
			writer.Flush()
		}
	}
	writer.Flush()
	after := Now()
	for i := 0; i < len(put); {
		got, err := to.Read(after + 5*time.Second)
		if err != nil || len(got) == 0 && Now() > after+5*time.Second {
			t.Fatalf("%d of %d came: %v", i, len(put), err)
		}
		for _, d := range got {
			if !bytes.Equal(d.Bytes, put[i]) || d.N != len(put[i]) {
				t.Fatalf("datagram %d of %d has other bytes", i, len(put))
			}
			if d.From.Port() != from.LocalAddr().Port() || d.From.Addr() != address.Addr() {
				t.Errorf("it came from %v, want %v at port %d", d.From, address.Addr(), from.LocalAddr().Port())
			}
			if Kernel && (d.DSCP != marks[i] || d.At < before-steady || d.At > after+steady) || !Kernel && d.DSCP != stream.NoDSCP {
				t.Errorf("mark %d at %v, want %d within %v and %v", d.DSCP, d.At, marks[i], before, after)
			}
			i++
		}
	}
}

// Several sockets at one port: every sender is heard, always at the same of
// them. A port that is taken stays an error.
func TestSocketsShareAPort(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux divides those who send to a port among its sockets")
	}
	all, err := ListenMany(t.Context(), "127.0.0.1:0", 3)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]map[netip.AddrPort]int, len(all))
	const senders, each = 60, 3
	var dialed []*Conn
	for range senders {
		c, err := Dial(t.Context(), all[0].LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		dialed = append(dialed, c)
	}
	for range each {
		for _, c := range dialed {
			if err := c.Write([]byte("x"), netip.AddrPort{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	heard := 0
	for i, c := range all {
		got[i] = map[netip.AddrPort]int{}
		for end := Now() + 500*time.Millisecond; Now() < end; {
			arrived, err := c.Read(end)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range arrived {
				got[i][a.From]++
				heard++
			}
		}
		if len(got[i]) == 0 {
			t.Errorf("socket %d of %d heard nobody", i, len(all))
		}
		for from, n := range got[i] {
			if n != each {
				t.Errorf("%v was heard %d times at socket %d, want %d", from, n, i, each)
			}
		}
	}
	if heard != senders*each {
		t.Errorf("%d datagrams were heard, want %d", heard, senders*each)
	}
	if again, err := ListenMany(t.Context(), all[0].LocalAddr().String(), 3); err == nil {
		t.Errorf("the same port was given to %d others", len(again))
	}
	for _, c := range all {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A reader that waits at a shared socket is woken by a datagram, by a call of Wake before
// or meanwhile, and by the end; a reader that rests is not woken by datagrams, and none of
// them is lost.
func TestWaitingAtASharedSocket(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 6))
	s, agent := listenOne(t, "127.0.0.1:0"), listenOne(t, "127.0.0.1:0")
	const forever = time.Hour
	send := func(n int) {
		for range n {
			agent.Write([]byte("x"), s.LocalAddr())
		}
	}
	heard := func(n int) {
		t.Helper()
		for begun := Now(); n > 0 && Now()-begun < time.Minute; {
			got, err := s.Read(begun + forever)
			if err != nil {
				t.Fatal(err)
			}
			n -= len(got)
		}
		if n != 0 {
			t.Fatalf("%d datagrams more than were heard were sent", n)
		}
	}
	for range 100 {
		n := 1 + r.IntN(3*readAtOnce)
		delay := time.Duration(r.IntN(2)) * time.Millisecond
		switch r.IntN(4) {
		case 0: // it comes before the rest, or during it
			until := Now() + time.Duration(r.IntN(3))*time.Millisecond
			time.AfterFunc(delay, func() { send(n) })
			if s.Rest(until); Now() < until {
				t.Errorf("a rest ended %v too early", until-Now())
			}
			heard(n)
		case 1:
			time.AfterFunc(delay, func() { send(n) })
			heard(n)
		case 2:
			rung := make(chan struct{})
			time.AfterFunc(delay, func() { s.Wake(); close(rung) })
			if delay == 0 {
				<-rung
			}
			if _, err := s.Read(Now() + forever); err != nil {
				t.Fatal(err)
			}
			<-rung
			_, _ = s.Read(Now() + time.Microsecond) // what was left of the bell
		default:
			until := Now() + time.Duration(r.IntN(3))*time.Millisecond
			if got, err := s.Read(until); err != nil || len(got) > 0 {
				t.Errorf("%d datagrams, %v, though none was sent", len(got), err)
			}
		}
	}
	time.AfterFunc(time.Millisecond, func() { _ = s.Close() })
	for begun := Now(); ; {
		if _, err := s.Read(begun + forever); err != nil {
			break
		}
	}
	s.Wake() // after its end nobody waits
}

// An alarm is never early, and a ring is never lost, whether it comes before or during the
// wait.
func TestAlarm(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 3))
	a, err := NewAlarm()
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		until := Now() + time.Duration(r.Int64N(int64(3*time.Millisecond)))
		if a.Wait(until); Now() < until {
			t.Errorf("it woke %v too early", until-Now())
		}
	}
	for _, delay := range []time.Duration{0, 0, time.Millisecond, 20 * time.Millisecond} {
		begun, rung := Now(), make(chan struct{})
		go func() {
			defer close(rung)
			time.Sleep(delay)
			a.Ring()
		}()
		if delay == 0 {
			<-rung
		}
		if a.Wait(begun + time.Hour); Now()-begun > time.Minute {
			t.Error("nobody heard it ring")
		}
		<-rung
	}
	done := make(chan struct{})
	go func() { a.Wait(Now() + time.Hour); close(done) }()
	runtime.Gosched()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	<-done
	a.Wait(Now() + time.Hour) // after its end nobody waits
	a.Ring()
}

// If the clock is set while datagrams wait, none of those that are read together moves.
func TestStampsOfABatchAcrossAStep(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 4))
	for range 500 {
		step := time.Duration(r.Int64N(int64(48*time.Hour))) - 24*time.Hour
		if step.Abs() < time.Second {
			continue
		}
		const offset = 1_700_000_000 * time.Second
		var c clocks
		c.read(int64(offset+time.Minute), time.Minute)
		c.place(int64(offset + time.Minute - time.Millisecond))
		want := []time.Duration{time.Minute + 5*time.Millisecond, time.Minute + 6*time.Millisecond, time.Minute + 6*time.Millisecond}
		c.read(int64(offset+step+time.Minute+20*time.Millisecond), time.Minute+20*time.Millisecond)
		var got []time.Duration
		for _, at := range want {
			got = append(got, c.place(int64(offset+at))) // all before the step
		}
		if !slices.Equal(got, want) {
			t.Errorf("a step of %v: %v, want %v", step, got, want)
		}
	}
}
