//go:build system

package path

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/netlab"
	"netready/probe/ping"
)

// order is what this test binary does inside a namespace.
type order struct {
	Settings Settings
	User     int // 0: root
	For      time.Duration
	Echo     bool // only ask each hop once, as on macOS
}

type found struct {
	Path   facts.Path
	Series []ping.Question
	Hops   []string // Echo: who answered each question, and the mark that it arrived with
}

func TestMain(m *testing.M) {
	if os.Getenv(netlab.RoleVar) != "watch" {
		os.Exit(m.Run())
	}
	if err := play(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func play() error {
	var o order
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		return err
	}
	if o.User != 0 {
		if err := syscall.Setuid(o.User); err != nil {
			return err
		}
	}
	var r found
	if o.Echo {
		var err error
		if r.Hops, err = echoHops(o); err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	w := Start(context.Background(), o.Settings)
	time.Sleep(o.For)
	r.Path, r.Series = w.Stop()
	return json.NewEncoder(os.Stdout).Encode(r)
}

// echoHops asks each hop once from a raw socket, which receives on Linux what a datagram
// socket receives on macOS.
func echoHops(o order) ([]string, error) {
	a, _, err := openEcho(o.Settings, "ip4:icmp", "ip6:ipv6-icmp")
	if err != nil {
		return nil, err
	}
	defer a.close()
	ctx, stop := context.WithTimeout(context.Background(), o.For)
	defer stop()
	hops := make([]string, 6)
	for ttl := 1; ttl < len(hops); ttl++ {
		if err := a.ask(ttl, 0); err != nil {
			return nil, err
		}
	}
	left := len(hops) - 1
	a.listen(ctx, func(got answer) {
		hops[got.ttl] = fmt.Sprint(got.from, " ", number(got.dscp), " ", got.isEnd)
		if left--; left == 0 {
			stop()
		}
	})
	return hops[1:], nil
}

func watch(t *testing.T, l *netlab.Lab, o order) found {
	t.Helper()
	in, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var r found
	if err := json.Unmarshal(l.Ask(t, "c", "watch", in), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// The routers on the path are found whatever rights the user has. Where the mark was
// cleared is found exactly with the right to read ICMP, over IPv6 always, and otherwise as
// far as a router's own answer proves that the mark came.
func TestHopsAndTheirMarks(t *testing.T) {
	const nobody = 65534
	l := netlab.Line(t, 4)
	l.RulesIn(t, "3", "table inet t {\nchain c {\ntype filter hook postrouting priority 0;\noifname eth1 ip dscp set cs0\noifname eth1 ip6 dscp set cs0\n}\n}")
	var all sync.WaitGroup
	for _, c := range []struct {
		target string
		user   int
		marks  string // kept to, lost at
	}{
		{netlab.LineServer(4) + ":40000", 0, "3 4"},
		{netlab.LineServer(4) + ":40001", nobody, "3 -"},
		{"[fd08:0:0:4::1]:40000", nobody, "3 4"},
	} {
		all.Go(func() {
			r := watch(t, l, order{Settings: Settings{Target: netip.MustParseAddrPort(c.target), Gateway: netlab.LineRouter(1), Size: 172, DSCP: 46, JitterBuffer: 60 * time.Millisecond}, User: c.user, For: 6 * time.Second})
			p := r.Path
			if got := number(p.MarkKeptTo) + " " + number(p.MarkLostAt); got != c.marks {
				t.Errorf("%s as user %d: the mark was kept to and lost at %s, want %s (%s)", c.target, c.user, got, c.marks, p.MarkReason)
			}
			if len(p.Hops) != 5 || p.Hops[0].Role != facts.HopGateway || p.Hops[1].Role != facts.HopBeyond || p.Hops[4].Role != facts.HopFarEnd || p.Hops[1].Answered < 10 || len(r.Series) < 10 {
				t.Errorf("%s as user %d: %d questions to %+v", c.target, c.user, len(r.Series), p)
			}
		})
	}
	all.Wait()
}

// The echo requests that macOS allows find the same hops, and quote the same marks.
func TestHopsByEcho(t *testing.T) {
	l := netlab.Line(t, 4)
	l.RulesIn(t, "3", "table inet t {\nchain c {\ntype filter hook postrouting priority 0;\noifname eth1 ip dscp set cs0\noifname eth1 ip6 dscp set cs0\n}\n}")
	for target, want := range map[string][]string{
		netlab.LineServer(4) + ":40000": {"10.8.0.1 46 false", "10.8.1.1 46 false", "10.8.2.1 46 false", "10.8.3.1 0 false", "10.8.4.1 - true"},
		"[fd08:0:0:4::1]:40000":         {"fd08::1 46 false", "fd08:0:0:1::1 46 false", "fd08:0:0:2::1 46 false", "fd08:0:0:3::1 0 false", "fd08:0:0:4::1 - true"},
	} {
		r := watch(t, l, order{Settings: Settings{Target: netip.MustParseAddrPort(target), Size: 172, DSCP: 46}, For: 10 * time.Second, Echo: true})
		if !slices.Equal(r.Hops, want) {
			t.Errorf("%s: %q, want %q", target, r.Hops, want)
		}
	}
}

// A router that gives one answer a second does not lose packets, whether its echo replies
// are let through or not.
func TestRouterThatAnswersRarely(t *testing.T) {
	l := netlab.Line(t, 3)
	l.In(t, "2", "sysctl", "-qw", "net.ipv4.icmp_ratelimit=1000", "net.ipv4.icmp_ratemask=6168", "net.ipv4.icmp_echo_ignore_all=1")
	r := watch(t, l, order{Settings: Settings{Target: netip.MustParseAddrPort(netlab.LineServer(3) + ":40000"), Gateway: netlab.LineRouter(1), Size: 172, JitterBuffer: 60 * time.Millisecond}, For: 12 * time.Second})
	if len(r.Path.Hops) < 2 || r.Path.Hops[1].LimitPerS == nil || *r.Path.Hops[1].LimitPerS > 1.5 {
		t.Errorf("the limiter was not recognised: %+v", r.Path)
	}
}
