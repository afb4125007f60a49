package turn

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/turntest"
)

var good = Credentials{turntest.User, turntest.Password}

// within is enough for loopback, however busy the machine is.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// ways are all endpoints of a server.
func ways(s *turntest.Server) map[Transport]Endpoint {
	all := map[Transport]Endpoint{}
	for transport, at := range map[Transport]netip.AddrPort{UDP: s.UDP, TCP: s.TCP, TLS: s.TLS, DTLS: s.DTLS} {
		if at.IsValid() {
			all[transport] = Endpoint{Transport: transport, Address: at, Name: "localhost", Roots: s.Roots}
		}
	}
	return all
}

// pair is two allocations with channels to each other; what arrives at the
// second comes out of got.
func pair(t *testing.T, up, down Endpoint) (a, b *Allocation, got chan string) {
	t.Helper()
	ctx := within(t)
	got = make(chan string, 1000)
	a, err := Open(ctx, up, good, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err = Open(ctx, down, good, func(d Datum) {
		if d.Channel == FirstChannel && d.At > 0 && d.At <= stamp.Now() {
			got <- string(d.Bytes)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.Bind(ctx, FirstChannel, b.Relayed), b.Bind(ctx, FirstChannel, a.Relayed)); err != nil {
		t.Fatal(err)
	}
	return a, b, got
}

func TestThereAndBackByEveryTransport(t *testing.T) {
	server := turntest.Start(t, turntest.Options{DTLS: true})
	for up, there := range ways(server) {
		for down, back := range ways(server) {
			t.Run(string(up+" "+down), func(t *testing.T) {
				a, b, got := pair(t, there, back)
				for i := range 5 { // sizes that need padding, and one that does not
					want := strings.Repeat("x", 170+i)
					if err := a.Send(FirstChannel, []byte(want)); err != nil {
						t.Fatal(err)
					}
					select {
					case word := <-got:
						if word != want {
							t.Errorf("%d bytes came, %d were sent", len(word), len(want))
						}
					case <-within(t).Done():
						t.Fatalf("packet %d did not come", i)
					}
				}
				if _, trip, err := a.Ask(within(t)); err != nil || trip <= 0 {
					t.Errorf("asked: %v, %v", trip, err)
				}
				if sent, _ := a.Bytes(); sent != 170+171+172+173+174 {
					t.Errorf("%d bytes sent", sent)
				}
				if err := errors.Join(a.Release(t.Context()), b.Release(t.Context())); err != nil {
					t.Error(err)
				}
				if n := server.Allocations(); n != 0 {
					t.Errorf("%d allocations are left", n)
				}
			})
		}
	}
}

func TestIPv6(t *testing.T) {
	if _, err := stamp.Listen(t.Context(), "[::1]:0"); err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	server := turntest.Start(t, turntest.Options{Host: "::1"})
	a, _, got := pair(t, ways(server)[UDP], ways(server)[TCP])
	if err := a.Send(FirstChannel, []byte("x")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-got:
	case <-within(t).Done():
		t.Error("nothing came")
	}
}

// A nonce that became stale costs a round trip, never the relay, the channel
// or the release.
func TestStaleNonces(t *testing.T) {
	server := turntest.Start(t, turntest.Options{Stale: true})
	a, b, got := pair(t, ways(server)[UDP], ways(server)[UDP])
	for range 3 {
		if err := errors.Join(a.Refresh(within(t)), b.Bind(within(t), FirstChannel, a.Relayed)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Send(FirstChannel, []byte("x")); err != nil {
		t.Fatal(err)
	}
	<-got
	if err := errors.Join(a.Release(t.Context()), b.Release(t.Context())); err != nil {
		t.Error(err)
	}
	if n := server.Allocations(); n != 0 {
		t.Errorf("%d allocations are left", n)
	}
}

func TestRefusals(t *testing.T) {
	server := turntest.Start(t, turntest.Options{DenyRelay: true, Quota: 1, DTLS: true})
	for transport, way := range ways(server) {
		for name, c := range map[string]Credentials{"wrong password": {turntest.User, "x"}, "unknown user": {"mallory", turntest.Password}} {
			if _, err := Open(within(t), way, c, nil); !errors.Is(err, ErrCredentials) {
				t.Errorf("%s by %s: %v", name, transport, err)
			}
		}
	}
	a, err := Open(within(t), ways(server)[UDP], good, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(within(t), ways(server)[TCP], good, nil); !errors.Is(err, ErrQuota) {
		t.Errorf("over the quota: %v", err)
	}
	if err := a.Bind(within(t), FirstChannel, a.Relayed); !errors.Is(err, ErrForbidden) {
		t.Errorf("a forbidden peer: %v", err)
	}
	if err := a.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAnotherServerIsFollowed(t *testing.T) {
	server := turntest.Start(t, turntest.Options{})
	there := netip.MustParseAddrPort(server.Elsewhere(t).String())
	a, err := Open(within(t), Endpoint{Transport: UDP, Address: there}, good, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Endpoint().Address; got != server.UDP {
		t.Errorf("at %v, want %v", got, server.UDP)
	}
	_ = a.Release(t.Context())
	circle := &turntest.Server{UDP: there}
	circle.UDP = netip.MustParseAddrPort(circle.Elsewhere(t).String())
	if _, err := Open(within(t), Endpoint{Transport: UDP, Address: netip.MustParseAddrPort((&turntest.Server{UDP: there, TCP: there}).Elsewhere(t).String())}, good, nil); err != nil && !errors.Is(err, ErrProtocol) {
		t.Errorf("two hops: %v", err)
	}
}

func TestSilenceAndClosedPorts(t *testing.T) {
	silent, err := stamp.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, transport := range []Transport{UDP, DTLS, TCP, TLS} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := Open(ctx, Endpoint{Transport: transport, Address: silent.LocalAddr(), Name: "localhost"}, good, nil)
		cancel()
		if err == nil || !strings.Contains(err.Error(), silent.LocalAddr().String()) && transport == UDP {
			t.Errorf("%s: %v", transport, err)
		}
	}
}

// A server that dies is noticed by its connections; one that was restarted no
// longer knows the relay.
func TestServerDies(t *testing.T) {
	server := turntest.Start(t, turntest.Options{})
	a, err := Open(within(t), ways(server)[TCP], good, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(within(t), ways(server)[UDP], good, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Ended() != nil {
		t.Errorf("ended before: %v", a.Ended())
	}
	server.Stop()
	select {
	case <-a.done:
	case <-within(t).Done():
		t.Fatal("the end of the connection was not noticed")
	}
	if a.Ended() == nil {
		t.Error("no reason")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := b.Refresh(ctx); err == nil {
		t.Error("a dead server renewed a relay")
	}
	a.shut()
	b.shut()
}

func TestWordsOfTheServerAreSafe(t *testing.T) {
	if got := safe("For\x1b[31mbidden\u202e " + strings.Repeat("y", 200)); strings.ContainsAny(got, "\x1b\u202e") || len(got) > longestWords {
		t.Errorf("got %q", got)
	}
}

func TestFrames(t *testing.T) {
	for head, want := range map[string]int{"\x00\x01\x00\x08": 28, "\x40\x00\x00\xac": 176, "\x4f\xff\x00\x00": 4, "HTTP": 4 + 0x5450, "\x80\x00\x00\x00": -1, "\x16\x03\x01\x00": 20 + 0x100} {
		got, err := frameSize([]byte(head))
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%x: got %d, want %d", head, got, want)
		}
	}
}

// No packet ends anything except what it belongs to.
func FuzzTake(f *testing.F) {
	for _, seed := range []string{"", "\x40", "\x40\x00\x00\x04abcd", "\x40\x00\xff\xffab", "\x01\x01\x00\x00\x21\x12\xa4\x42aaaaaaaaaaaa", "\x00\x17\x00\x00\x21\x12\xa4\x42aaaaaaaaaaaa"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var got string
		a := &Allocation{handle: func(d Datum) { got = fmt.Sprintf("%d bytes", len(d.Bytes)) }, pending: map[[12]byte]chan answer{}}
		a.take(b, stamp.Arrival{N: len(b)})
		_ = got
	})
}
