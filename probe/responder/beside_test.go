package responder_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"netready/probe/facts"

	"netready/probe"
	"netready/probe/call"
	"netready/probe/internal/control"
	"netready/probe/internal/wire"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/probe/responder"
	"netready/probe/responder/listen"
	"netready/report"
	"netready/thresholds"
)

// begin starts a responder for a test, on loopback.
func begin(t *testing.T, limits responder.Limits) *responder.Server {
	t.Helper()
	config := responder.Local()
	config.Limits = limits
	s, err := responder.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// elsewhere is an address of this machine in another prefix than 127.0.0.1, if the system
// has one without further settings.
func elsewhere(t *testing.T, last byte) netip.Addr {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8")
	}
	return netip.AddrFrom4([4]byte{127, 0, 30, last})
}

// portOf is where a responder serves a protocol.
func portOf(t *testing.T, s *responder.Server, protocol string) string {
	t.Helper()
	for _, l := range s.Listeners() {
		if l.Protocol == protocol {
			return net.JoinHostPort("127.0.0.1", strconv.Itoa(l.Port))
		}
	}
	t.Fatalf("the responder serves no %s", protocol)
	return ""
}

// column is a region that asks the responder alone.
func column() regions.Region {
	return regions.Region{ID: "test", Name: "Test", OnlyOwnChecks: true, Checks: []regions.Check{
		{Name: "UDP", Protocol: "udp", Required: true},
		{Name: "Range", Protocol: "udp-range", Ports: "40000-44000", Required: true},
		{Name: "TCP", Protocol: "tcp", Host: "responder", Required: true},
		{Name: "TLS", Protocol: "tls", Host: "responder", Required: true},
		{Name: "STUN TCP", Protocol: "stun-tcp", Host: "responder", Required: true},
		{Name: "DNS TCP", Protocol: "dns-tcp", Host: "responder", Required: true},
		{Name: "SIP TCP", Protocol: "sip-tcp", Host: "responder", Required: true},
		{Name: "SIP TLS", Protocol: "sip-tls", Host: "responder", Required: true},
	}}
}

// honest makes a whole run of an ordinary agent.
func honest(t *testing.T, ctx context.Context, s *responder.Server) facts.Result {
	t.Helper()
	result, err := probe.Run(ctx, probe.Plan{
		Region: column(), Regions: regions.List{Regions: []regions.Region{column()}}, Responders: []invite.Invite{s.Invite()}, Duration: 2 * time.Second, Codec: "pcmu", Calls: 1,
		JitterBuffer: 60 * time.Millisecond, DSCP: 46, RangeSamples: 8, Parts: []string{facts.PartVoice, facts.PartFirewall},
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// checkMeasuredWell checks that rows and figures of a run are those of a good path.
func checkMeasuredWell(t *testing.T, r facts.Result) {
	t.Helper()
	for _, row := range r.Firewall {
		if row.Status != facts.StatusPass {
			t.Errorf("%s: %s %s: %s", row.Name, row.Status, row.Reason, row.Detail)
		}
	}
	if len(r.Firewall) != len(column().Checks) {
		t.Errorf("%d rows, want %d", len(r.Firewall), len(column().Checks))
	}
	for way, d := range map[string]*facts.Direction{"up": r.Voice.Up, "down": r.Voice.Down} {
		if d == nil {
			t.Errorf("%s was not measured: %+v", way, r.NotMeasured)
			continue
		}
		if d.Sent != 100 || d.LossPercent == nil || *d.LossPercent != 0 {
			t.Errorf("%s: %d sent, %d received, want 100 and no loss", way, d.Sent, d.Received)
		}
	}
}

// crowd keeps connections to a place open, each renewed as soon as it is cut,
// from some addresses, until the test is over.
func crowd(t *testing.T, to string, size int, hello func(net.Conn), from ...netip.Addr) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg, first sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	first.Add(size)
	for i := range size {
		wg.Go(func() {
			once := sync.OnceFunc(first.Done)
			defer once()
			d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from[i%len(from)], 0))}
			for range 200 { // bounded, whatever the responder does
				c, err := d.DialContext(ctx, "tcp", to)
				if err != nil {
					return
				}
				stop := context.AfterFunc(ctx, func() { _ = c.Close() })
				hello(c)
				once()
				_, _ = c.Read(make([]byte, 1)) // until it is cut
				stop()
				_ = c.Close()
				select {
				case <-ctx.Done():
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		})
	}
	first.Wait()
}

// What a stranger's connections say, if anything.
func nothing(net.Conn)   {}
func oneByte(c net.Conn) { _, _ = c.Write([]byte("N")) }
func clientHello(c net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_ = tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}).HandshakeContext(ctx)
}

// A stranger's silent connections fill the listeners of the firewall checks, and honest
// rows are still right: from another address or from the same.
func TestSilentConnectionsDoNotBlockTheChecks(t *testing.T) {
	t.Parallel()
	own := netip.MustParseAddr("127.0.0.1")
	for _, test := range []struct {
		name, protocol string
		size           int
		hello          func(net.Conn)
		from           []netip.Addr
	}{
		{"silent at a TCP port", "tcp", 520, nothing, []netip.Addr{elsewhere(t, 1)}},
		{"silent at a TLS port", "tls", 700, nothing, []netip.Addr{elsewhere(t, 1), elsewhere(t, 2)}},
		{"one byte each", "tcp", 600, oneByte, []netip.Addr{elsewhere(t, 3)}},
		{"TLS and then nothing", "tls", 200, clientHello, []netip.Addr{elsewhere(t, 4)}},
		{"from the agent's own address", "tcp", 520, nothing, []netip.Addr{own}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := begin(t, responder.Limits{})
			crowd(t, portOf(t, s, test.protocol), test.size, test.hello, test.from...)
			checkMeasuredWell(t, honest(t, t.Context(), s))
		})
	}
}

// wasteful is a session that costs as much as one address may have, and more
// than that with a second call.
func wasteful(ctx context.Context, s *responder.Server, from netip.Addr, calls int) (*control.Client, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
	return control.Open(ctx, s.Invite(), wire.Request{
		Version: wire.Version, Codec: "pcmu", Ptime: 5 * time.Millisecond, Payload: 160, Rate: 8000,
		Duration: 10 * time.Minute, Calls: calls,
	}, &http.Transport{DialContext: d.DialContext})
}

// A holder of an invite takes as much as is granted, proves nothing and keeps it; others
// still get their figures.
func TestHogsLeaveRoom(t *testing.T) {
	t.Parallel()
	s := begin(t, responder.Limits{})
	if _, err := wasteful(t.Context(), s, elsewhere(t, 1), 125); !errors.Is(err, control.ErrRefused) {
		t.Errorf("the whole packet rate for one session: %v, want a refusal", err)
	}
	held := 0
	for last := range byte(4) { // of one prefix
		c, err := wasteful(t.Context(), s, elsewhere(t, 10+last), 62)
		if err == nil {
			held++
			t.Cleanup(func() { _ = c.Close() })
		} else if !errors.Is(err, control.ErrBusy) {
			t.Error(err)
		}
	}
	if held != 1 { // half of the rate for one address, three quarters for one prefix
		t.Errorf("%d large sessions are granted, want 1", held)
	}
	checkMeasuredWell(t, honest(t, t.Context(), s))
}

// Twelve workstations behind one address, of which four are let in at once,
// all have their figures in the end, and can be seen waiting.
func TestWorkstationsBehindOneAddressTakeTurns(t *testing.T) {
	t.Parallel()
	s := begin(t, responder.Limits{PerAddress: 4})
	var wg sync.WaitGroup
	var mu sync.Mutex
	waited := 0
	for range 12 {
		wg.Go(func() {
			seen := false
			result, err := probe.Run(t.Context(), probe.Plan{
				Region: column(), Regions: regions.List{Regions: []regions.Region{column()}}, Responders: []invite.Invite{s.Invite()},
				Duration: time.Second, Codec: "pcmu", Calls: 1, JitterBuffer: 60 * time.Millisecond, Parts: []string{facts.PartVoice},
				Progress: func(e probe.Event) { seen = seen || strings.Contains(e.Text, "waiting for a turn") },
			})
			mu.Lock()
			defer mu.Unlock()
			if seen {
				waited++
			}
			if err != nil || result.Voice.Up == nil || result.Voice.Down == nil || result.Voice.Up.Sent != 50 {
				t.Errorf("no figures: %v, %+v", err, result.NotMeasured)
			}
		})
	}
	wg.Wait()
	if waited < 4 {
		t.Errorf("%d were seen waiting, want 8 or so", waited)
	}
}

// A run that gives up waiting says that the responder was busy, and nothing about the
// invite or a firewall. So does one that is stopped while it waits.
func TestWaitingHasAnEnd(t *testing.T) {
	t.Parallel()
	s := begin(t, responder.Limits{PerAddress: 1})
	first, err := call.Open(t.Context(), s.Invite(), call.Settings{Duration: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Close() })
	for _, test := range []struct {
		name string
		wait time.Duration
		stop time.Duration
		code string
	}{
		{"no waiting", -1, 0, facts.CodeBusy},
		{"a short one", time.Second, 0, facts.CodeBusy},
		{"stopped", time.Hour, 500 * time.Millisecond, facts.CodeStopped},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if test.stop > 0 {
			time.AfterFunc(test.stop, cancel)
		}
		result, err := probe.Run(ctx, probe.Plan{
			Region: column(), Regions: regions.List{Regions: []regions.Region{column()}}, Responders: []invite.Invite{s.Invite()},
			Duration: time.Second, Codec: "pcmu", Calls: 1, MaxWait: test.wait, Parts: []string{facts.PartVoice, facts.PartFirewall},
		})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		judged := report.New(result, thresholds.Default())
		said := thresholds.Headline(judged.Verdict, judged.Findings, judged.Result)
		if judged.Verdict != thresholds.Undetermined || test.code == facts.CodeBusy && !strings.Contains(said, "quieter time") ||
			strings.Contains(said, "invite is the latest") || strings.Contains(said, "firewall") {
			t.Errorf("%s: %s, %q", test.name, judged.Verdict, said)
		}
		for _, row := range result.Firewall {
			if row.Status != facts.StatusNotMeasured || row.Reason != test.code && row.Reason != facts.ReasonStopped {
				t.Errorf("%s: %s is %s %s", test.name, row.Name, row.Status, row.Reason)
			}
		}
		for _, gap := range result.NotMeasured {
			if gap.What == "voice.up" && gap.Code != test.code {
				t.Errorf("%s: %s has the code %q, want %q", test.name, gap.What, gap.Code, test.code)
			}
		}
	}
}

// Eight sessions of one holder of the invite open all ports that they are granted, again
// and again; honest figures at the same time are right, and the responder has no more
// sockets than it may have.
func TestPortHogsLeaveRoom(t *testing.T) {
	t.Parallel()
	s := begin(t, responder.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	for i := range 8 {
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(elsewhere(t, 40), 0))}
		c, err := control.Open(t.Context(), s.Invite(), wire.Request{
			Version: wire.Version, Codec: "pcmu", Ptime: 100 * time.Millisecond, Payload: 160, Rate: 8000, Duration: time.Minute, Calls: 1,
		}, &http.Transport{DialContext: d.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		var ports []int
		for p := range 640 {
			ports = append(ports, 20000+640*i+p)
		}
		wg.Go(func() {
			for range 200 {
				grant, err := c.OpenPorts(ctx, wire.PortsRequest{Protocol: "udp", Ports: ports})
				if err != nil && !errors.Is(err, control.ErrBusy) || len(grant.Open) > listen.DefaultTotal/2 || ctx.Err() != nil {
					break
				}
				select {
				case <-ctx.Done():
				case <-time.After(50 * time.Millisecond):
				}
			}
		})
	}
	checkMeasuredWell(t, honest(t, t.Context(), s))
}
