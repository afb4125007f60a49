package responder_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"netready/probe"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/probe/responder"
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

// elsewhere is an address of this machine in another prefix than 127.0.0.1,
// where the system has one without being asked.
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
func honest(t *testing.T, ctx context.Context, s *responder.Server) probe.Result {
	t.Helper()
	result, err := probe.Run(ctx, probe.Plan{
		Region: column(), Regions: regions.List{Regions: []regions.Region{column()}}, Responders: []invite.Invite{s.Invite()}, Duration: 2 * time.Second, Codec: "pcmu", Calls: 1,
		JitterBuffer: 60 * time.Millisecond, DSCP: 46, RangeSamples: 8, Parts: []string{probe.PartVoice, probe.PartFirewall},
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// unharmed checks that rows and figures of a run are those of a good path.
func unharmed(t *testing.T, r probe.Result) {
	t.Helper()
	for _, row := range r.Firewall {
		if row.Status != probe.StatusPass {
			t.Errorf("%s: %s %s: %s", row.Name, row.Status, row.Reason, row.Detail)
		}
	}
	if len(r.Firewall) != len(column().Checks) {
		t.Errorf("%d rows, want %d", len(r.Firewall), len(column().Checks))
	}
	for way, d := range map[string]*probe.Direction{"up": r.Voice.Up, "down": r.Voice.Down} {
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

// A stranger's silent connections fill the listeners of the firewall checks,
// and honest rows are right all the same: from another address or the same.
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
			unharmed(t, honest(t, t.Context(), s))
		})
	}
}
