package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// resolverThat asks a name server of the test's own, which loses the questions
// that lose says, counted from 0.
func resolverThat(t *testing.T, lose func(i int) bool, answer func(m *dns.Msg)) *net.Resolver {
	t.Helper()
	pc, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	server := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		if lose(int(asked.Add(1)) - 1) {
			return
		}
		m := new(dns.Msg).SetReply(q)
		m.RecursionAvailable = true
		answer(m)
		_ = w.WriteMsg(m)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = pc.Close() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

// here answers A with an address.
func here(m *dns.Msg) {
	if m.Question[0].Qtype == dns.TypeA {
		rr, _ := dns.NewRR(m.Question[0].Name + " 1 IN A 192.0.2.7")
		m.Answer = []dns.RR{rr}
	}
}

// One lost answer ended a whole run: the system waits 5 s for it.
func TestLostAnswersEndNoLookup(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(i int) bool{
		"none": func(int) bool { return false }, "first": func(i int) bool { return i == 0 }, "second": func(i int) bool { return i == 1 },
		"third": func(i int) bool { return i == 2 }, "first four": func(i int) bool { return i < 4 }, "every other": func(i int) bool { return i%2 == 0 },
		"two of three": func(i int) bool { return i%3 != 2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ips, err := Lookup(t.Context(), resolverThat(t, lose, here), "service.test.")
			if err != nil || !slices.Equal(ips, []netip.Addr{netip.MustParseAddr("192.0.2.7")}) {
				t.Errorf("got %v, %v", ips, err)
			}
		})
	}
}

// A resolver that answers after 2 s, or fails twice before it answers, answers.
func TestSlowResolverAnswers(t *testing.T) {
	t.Parallel()
	slow := func(m *dns.Msg) { time.Sleep(2 * time.Second); here(m) }
	if ips, err := Lookup(t.Context(), resolverThat(t, func(int) bool { return false }, slow), "service.test."); err != nil || len(ips) != 1 {
		t.Errorf("slow: got %v, %v", ips, err)
	}
	var times atomic.Int32
	failing := func(m *dns.Msg) {
		if times.Add(1) <= 4 { // two of each family
			m.Rcode = dns.RcodeServerFailure
			return
		}
		here(m)
	}
	if ips, err := Lookup(t.Context(), resolverThat(t, func(int) bool { return false }, failing), "service.test."); err != nil || len(ips) != 1 {
		t.Errorf("failing: got %v, %v", ips, err)
	}
}

func TestNoSuchNameIsFinal(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	_, err := Lookup(t.Context(), resolverThat(t, func(int) bool { return false }, func(m *dns.Msg) { asked.Add(1); m.Rcode = dns.RcodeNameError }), "none.test.")
	if !NotFound(err) || asked.Load() > 2 {
		t.Errorf("got %v after %d questions", err, asked.Load())
	}
}

func TestSilentResolverIsATimeout(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
	defer cancel()
	_, err := Lookup(ctx, resolverThat(t, func(int) bool { return true }, here), "service.test.")
	if found, ok := errors.AsType[*net.DNSError](err); !ok || !found.IsTimeout {
		t.Errorf("got %v", err)
	}
}

func TestAddressesAreThemselves(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"} {
		all, err := Addresses(t.Context(), nil, net.JoinHostPort(host, "443"))
		if err != nil || len(all) != 1 || all[0] != netip.AddrPortFrom(netip.MustParseAddr(host).Unmap(), 443) {
			t.Errorf("%s: got %v, %v", host, all, err)
		}
	}
	for _, bad := range []string{"192.0.2.1", "192.0.2.1:x", "192.0.2.1:70000"} {
		if _, err := Addresses(t.Context(), nil, bad); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	last := errors.New("final")
	isLast := func(err error) bool { return errors.Is(err, last) }
	quick := Waits{5 * time.Millisecond, 5 * time.Millisecond}
	for _, test := range []struct {
		name string
		try  func(ctx context.Context, i int) (int, error)
		want int
		err  string
	}{
		{"first", func(_ context.Context, i int) (int, error) { return i, nil }, 0, ""},
		{"third", func(ctx context.Context, i int) (int, error) {
			if i < 2 {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return i, nil
		}, 2, ""},
		{"slow first", func(_ context.Context, i int) (int, error) {
			if i == 0 {
				time.Sleep(30 * time.Millisecond)
				return 7, nil
			}
			return 0, errors.New("no")
		}, 7, ""},
		{"all fail", func(_ context.Context, i int) (int, error) { return 0, fmt.Errorf("no %d", i) }, 0, "no 2"},
		{"final", func(context.Context, int) (int, error) { return 0, last }, 0, "final"},
	} {
		got, err := Overlap(t.Context(), quick, test.try, isLast, nil)
		if got != test.want || fmt.Sprint(err) != map[bool]string{true: "<nil>", false: test.err}[test.err == ""] {
			t.Errorf("%s: got %d, %v", test.name, got, err)
		}
	}
	var dropped atomic.Int32
	both := make(chan struct{})
	_, err := Overlap(t.Context(), Waits{0}, func(_ context.Context, i int) (int, error) {
		if i == 1 {
			close(both)
			return 1, nil
		}
		<-both
		time.Sleep(20 * time.Millisecond)
		return 0, nil
	}, isLast, func(int) { dropped.Add(1) })
	for deadline := time.Now().Add(5 * time.Second); dropped.Load() == 0 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if err != nil || dropped.Load() != 1 {
		t.Errorf("a success that came late was not dropped: %v, %d", err, dropped.Load())
	}
}
