package relay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/probe/facts"
	"netready/probe/ice"
	"netready/probe/internal/stamp"
	"netready/probe/internal/turntest"
	"netready/probe/stream"
)

// uris are the ways to a server, as a service hands them out.
func uris(s *turntest.Server) []ice.Server {
	server := ice.Server{Username: ice.NewSecret(turntest.User), Password: ice.NewSecret(turntest.Password)}
	for _, w := range []struct {
		at     netip.AddrPort
		format string
	}{
		{s.UDP, "turn:%s?transport=udp"},
		{s.DTLS, "turns:%s?transport=udp"},
		{s.TCP, "turn:%s?transport=tcp"},
		{s.TLS, "turns:%s?transport=tcp"},
	} {
		if !w.at.IsValid() {
			continue
		}
		u, err := ice.ParseURI(fmt.Sprintf(w.format, w.at))
		if err != nil {
			panic(err)
		}
		server.URIs = append(server.URIs, u)
	}
	return []ice.Server{server}
}

// settings are for a short call: what is counted here is the same in a long one.
func settings(s *turntest.Server) Settings {
	return Settings{Servers: uris(s), Duration: 2 * time.Second, Roots: s.Roots, Now: time.Now()}
}

// place runs a call and returns it with the streams' SSRCs by loop.
func place(t *testing.T, s Settings) (*Session, *Outcome, []uint32) {
	t.Helper()
	session, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var ssrcs []uint32
	c := &calls{session: session}
	o, err := c.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range c.loops() {
		ssrcs = append(ssrcs, l.flow.SSRC)
	}
	return session, o, ssrcs
}

// lossy loses a share of all packets, in runs of a mean length.
func lossy(share, run float64) func(int, *rand.Rand) bool {
	losing := false
	return func(_ int, r *rand.Rand) bool {
		if losing {
			losing = r.Float64() >= 1/run
		} else {
			losing = r.Float64() < share/(1-share)/run
		}
		return losing
	}
}

// The losses of each way are known to the packet, whatever the legs are.
func TestLossOfEachWayToThePacket(t *testing.T) {
	for name, c := range map[string]struct {
		options turntest.Options
		peer    string
		loops   string
	}{
		"none":               {turntest.Options{}, facts.PeerRelayed, "udp/udp udp/tcp tcp/udp"},
		"up":                 {turntest.Options{Harm: turntest.Harm{Up: lossy(0.1, 1)}}, facts.PeerRelayed, "udp/udp udp/tcp tcp/udp"},
		"down, over TLS":     {turntest.Options{NoTCP: true, Harm: turntest.Harm{Down: lossy(0.1, 1)}}, facts.PeerRelayed, "udp/udp udp/tls tls/udp"},
		"both, in runs":      {turntest.Options{Harm: turntest.Harm{Up: lossy(0.05, 3), Down: lossy(0.2, 6)}}, facts.PeerRelayed, "udp/udp udp/tcp tcp/udp"},
		"up is dead":         {turntest.Options{Harm: turntest.Harm{Up: lossy(0.9999999, 1e9)}}, facts.PeerRelayed, "udp/udp udp/tcp tcp/udp"},
		"stale nonces":       {turntest.Options{Stale: true, Harm: turntest.Harm{Down: lossy(0.1, 1)}}, facts.PeerRelayed, "udp/udp udp/tcp tcp/udp"},
		"only UDP":           {turntest.Options{NoTCP: true, NoTLS: true, Harm: turntest.Harm{Up: lossy(0.1, 2)}}, facts.PeerRelayed, "udp/udp"},
		"no UDP":             {turntest.Options{NoUDP: true, NoTCP: true}, facts.PeerRelayed, "tls/tls"},
		"DTLS and TLS alone": {turntest.Options{NoUDP: true, NoTCP: true, DTLS: true}, facts.PeerRelayed, "dtls/dtls dtls/tls tls/dtls"},
		"IPv6":               {turntest.Options{Host: "::1", Harm: turntest.Harm{Up: lossy(0.1, 1)}}, facts.PeerRelayed, "udp/udp udp/tcp tcp/udp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.options.Host == "::1" && !hasIPv6(t) {
				t.Skip("no IPv6 here")
			}
			c.options.Harm.Seed = seed.Of(t)
			server := turntest.Start(t, c.options)
			_, o, ssrcs := place(t, settings(server))
			if !o.Complete || o.Peer != c.peer || len(o.Calls) != 1 || len(o.Lateness) == 0 {
				t.Fatalf("complete %v %q, peer %s, %d calls", o.Complete, o.Reason, o.Peer, len(o.Calls))
			}
			var loops []string
			for i, l := range o.Calls[0].Loops {
				loops = append(loops, l.UpLeg+"/"+l.DownLeg)
				m := stream.Measure(l.Trace, 60*time.Millisecond)
				var dropped turntest.Dropped
				if server.UDP.IsValid() {
					dropped = server.Dropped(ssrcs[i])
				}
				if m.Sent != 100 || m.Lost != dropped.Up+dropped.Down || l.Reason != "" || l.Dropped > 0 || m.Duplicates > 0 {
					t.Errorf("%s/%s: sent %d, lost %d, doubled %d; dropped %+v, %q (seed %d)", l.UpLeg, l.DownLeg, m.Sent, m.Lost, m.Duplicates, dropped, l.Reason, c.options.Harm.Seed)
				}
				if l.Up() && dropped.Down != 0 || l.Down() && dropped.Up != 0 {
					t.Errorf("%s/%s lost on the wrong way: %+v", l.UpLeg, l.DownLeg, dropped)
				}
			}
			if got := strings.Join(loops, " "); got != c.loops {
				t.Errorf("loops %s, want %s", got, c.loops)
			}
			if len(o.RoundTrips) < 5 || o.RTTByTCP == server.UDP.IsValid() && !server.DTLS.IsValid() {
				t.Errorf("%d round trips, by TCP: %v", len(o.RoundTrips), o.RTTByTCP)
			}
			if n := server.Allocations(); n != 0 {
				t.Errorf("%d relays are left", n)
			}
		})
	}
}

func hasIPv6(t *testing.T) bool {
	t.Helper()
	c, err := stamp.Listen(t.Context(), "[::1]:0")
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// A server that forbids its own relays as peers is measured by way of this
// machine's public address.
func TestRelaysForbiddenAsPeers(t *testing.T) {
	for name, options := range map[string]turntest.Options{
		"forbidden":            {DenyRelay: true},
		"forbidden, TLS":       {DenyRelay: true, NoTCP: true},
		"forbidden, UDP alone": {DenyRelay: true, NoTCP: true, NoTLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := turntest.Start(t, options)
			_, o, _ := place(t, settings(server))
			if !o.Complete || o.Peer != facts.PeerPublic {
				t.Fatalf("complete %v %q, peer %s", o.Complete, o.Reason, o.Peer)
			}
			for _, l := range o.Calls[0].Loops {
				if m := stream.Measure(l.Trace, 60*time.Millisecond); m.Sent != 100 || m.Lost != 0 {
					t.Errorf("%s/%s: sent %d, lost %d, %s", l.UpLeg, l.DownLeg, m.Sent, m.Lost, l.Reason)
				}
			}
			if n := server.Allocations(); n != 0 {
				t.Errorf("%d relays are left", n)
			}
		})
	}
}

// What the server sees of this machine is known as data: sentences may repeat it.
func TestOwnAddressesAreNoted(t *testing.T) {
	server := turntest.Start(t, turntest.Options{})
	session, err := Open(t.Context(), settings(server))
	if err != nil {
		t.Fatal(err)
	}
	own := session.Own()
	if len(own) < 4 { // address and relay, by UDP and by TCP
		t.Errorf("noted %v", own)
	}
	for _, a := range own {
		if !a.Addr().IsLoopback() || a.Port() == 0 {
			t.Errorf("noted %v", own)
		}
	}
}

// A relay that forwards nothing is not a path that loses everything.
func TestRelaysThatPassNothingOn(t *testing.T) {
	server := turntest.Start(t, turntest.Options{LosesAll: true})
	session, err := Open(t.Context(), settings(server))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := session.Run(t.Context(), Plan{}); !errors.Is(err, errNothingBack) {
		t.Errorf("got %+v, %v", o, err)
	}
	if n := server.Allocations(); n != 0 {
		t.Errorf("%d relays are left", n)
	}
}

func TestCredentialsAndServersThatRefuse(t *testing.T) {
	server := turntest.Start(t, turntest.Options{Quota: 1})
	now := time.Now()
	with := func(user, password string, expires time.Time) []ice.Server {
		all := uris(server)
		all[0].Username, all[0].Password, all[0].Expires = ice.NewSecret(user), ice.NewSecret(password), expires
		return all
	}
	unreachable := []ice.Server{{URIs: []ice.URI{{Host: "127.0.0.1", Port: 1, Transport: ice.TCP}}, Username: ice.NewSecret("u"), Password: ice.NewSecret("hunter2")}}
	for name, c := range map[string]struct {
		servers []ice.Server
		want    error
		words   string
	}{
		"wrong password": {with(turntest.User, "hunter2", time.Time{}), ErrCredentials, "the user name or the password is wrong"},
		"unknown user":   {with("hunter2", turntest.Password, now.Add(time.Hour)), ErrCredentials, "fetch new ones"},
		"expired":        {with("hunter2", "hunter2", now.Add(-time.Minute)), ErrCredentials, "they expired at"},
		"quota":          {with(turntest.User, turntest.Password, time.Time{}), nil, ""},
		"nobody there":   {unreachable, ErrUnreachable, "TCP to 127.0.0.1:1"},
		// A reason that the user can correct is reported before one that the user cannot.
		"nobody there, then a wrong password": {append(unreachable, with(turntest.User, "hunter2", time.Time{})...), ErrCredentials, "fetch new ones"},
		"nobody there, then a good one":       {append(unreachable, uris(server)...), nil, ""},
		"no such name":                        {[]ice.Server{{URIs: []ice.URI{{Host: "nowhere.invalid", Port: 1}}}}, ErrUnreachable, "nowhere.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), Settings{Servers: c.servers, Now: now})
			if c.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %v with %q", err, c.want, c.words)
			}
		})
	}
	for _, bad := range []Settings{{Servers: uris(server), Calls: 6}, {Servers: uris(server), Calls: -1}, {Servers: uris(server), Codec: "mp3"}, {}, {Servers: uris(server), Duration: time.Millisecond}} {
		if _, err := Open(t.Context(), bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

// When a server dies in the middle of a call, nothing that was known is lost, and packets
// under way do not count as the path's loss.
func TestServerDiesHalfWay(t *testing.T) {
	server := turntest.Start(t, turntest.Options{})
	s := settings(server)
	s.Duration = 20 * time.Second
	session, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	o, err := session.Run(t.Context(), Plan{Live: func(l Live) {
		if told++; l.Second == 0 {
			server.Stop()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if o.Complete || o.Reason == "" || told == 0 {
		t.Errorf("complete %v %q, %d seconds told", o.Complete, o.Reason, told)
	}
	for _, l := range o.Calls[0].Loops {
		if m := stream.Measure(l.Trace, 60*time.Millisecond); m.Sent < 100 || m.Lost > 0 {
			t.Errorf("%s/%s: sent %d, lost %d, %s", l.UpLeg, l.DownLeg, m.Sent, m.Lost, l.Reason)
		}
	}
}

// Calls that have told enough end early and whole, whatever was still under way.
func TestEnoughEndsTheCallWhole(t *testing.T) {
	server := turntest.Start(t, turntest.Options{Harm: turntest.Harm{Up: lossy(0.1, 1)}})
	s := settings(server)
	s.Duration = time.Minute
	session, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	o, err := session.Run(t.Context(), Plan{Enough: func(o *Outcome) bool {
		asked++
		for _, l := range o.Calls[0].Loops {
			if m := stream.Measure(l.Trace, 60*time.Millisecond); l.Down() && m.Lost > 0 || l.Up() && m.Lost == 0 || m.Sent < 100 {
				t.Errorf("so far %s/%s: sent %d, lost %d", l.UpLeg, l.DownLeg, m.Sent, m.Lost)
			}
		}
		return true
	}})
	if err != nil || !o.Complete || !o.Enough || asked != 1 {
		t.Fatalf("complete %v, enough %v, asked %d times, %s, %v", o.Complete, o.Enough, asked, o.Reason, err)
	}
	for _, l := range o.Calls[0].Loops {
		if m := stream.Measure(l.Trace, 60*time.Millisecond); m.Sent < 200 || m.Sent >= 3000 || l.Down() && m.Lost > 0 {
			t.Errorf("%s/%s: sent %d, lost %d", l.UpLeg, l.DownLeg, m.Sent, m.Lost)
		}
	}
}

// Ctrl-C keeps what was measured, and releases the relays.
func TestStoppedKeepsWhatThereIs(t *testing.T) {
	server := turntest.Start(t, turntest.Options{Harm: turntest.Harm{Up: lossy(0.1, 1)}})
	s := settings(server)
	s.Duration, s.Calls = 20*time.Second, 2
	session, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	o, err := session.Run(ctx, Plan{Live: func(Live) { stop() }})
	if err != nil {
		t.Fatal(err)
	}
	if o.Complete || o.Reason == "" || len(o.Calls) != 2 {
		t.Errorf("complete %v %q, %d calls", o.Complete, o.Reason, len(o.Calls))
	}
	for _, c := range o.Calls {
		for _, l := range c.Loops {
			m := stream.Measure(l.Trace, 60*time.Millisecond)
			if m.Sent < 100 || m.Sent == 1000 || l.Down() && m.Lost > 0 || l.Up() && m.Lost == 0 {
				t.Errorf("%s/%s: sent %d, lost %d, %s", l.UpLeg, l.DownLeg, m.Sent, m.Lost, l.Reason)
			}
		}
	}
	if n := server.Allocations(); n != 0 {
		t.Errorf("%d relays are left", n)
	}
}

func TestAlternateServer(t *testing.T) {
	server := turntest.Start(t, turntest.Options{NoTCP: true, NoTLS: true})
	s := settings(server)
	elsewhere := netip.MustParseAddrPort(server.Elsewhere(t).String())
	s.Servers[0].URIs[0].Port = int(elsewhere.Port())
	_, o, _ := place(t, s)
	if m := stream.Measure(o.Calls[0].Loops[0].Trace, 60*time.Millisecond); !o.Complete || m.Received != 100 {
		t.Errorf("received %d, %q", m.Received, o.Reason)
	}
}

func TestUnsure(t *testing.T) {
	// 20 packets; the leg stands still for two seconds from packet 10 on.
	trace := func(missing ...int64) stream.Trace {
		tr := stream.Trace{Sent: 20, PacketTime: stream.PacketTime}
		for seq := range int64(20) {
			sent := time.Duration(seq) * stream.PacketTime
			received := sent + 10*time.Millisecond
			if seq >= 10 && seq < 15 {
				received = 14*stream.PacketTime + 2*time.Second
			}
			gone := false
			for _, m := range missing {
				gone = gone || m == seq
			}
			if !gone {
				tr.Arrivals = append(tr.Arrivals, stream.Arrival{Seq: seq, Sent: sent, Received: received})
			}
		}
		return tr
	}
	for _, c := range []struct {
		missing []int64
		want    int
	}{{nil, 0}, {[]int64{3}, 0}, {[]int64{9}, 1}, {[]int64{12, 13}, 2}, {[]int64{15, 16, 17}, 3}, {[]int64{2, 12, 18}, 1}, {[]int64{17, 18, 19}, 0}} {
		if got := unsure(trace(c.missing...)); got != c.want {
			t.Errorf("%v: got %d, want %d", c.missing, got, c.want)
		}
	}
	if got := unsure(stream.Trace{Sent: 5}); got != 0 {
		t.Errorf("nothing arrived: got %d", got)
	}
}

// Packets of other sizes leave padding and headers out of the trace.
func TestEveryCodec(t *testing.T) {
	server := turntest.Start(t, turntest.Options{DTLS: true})
	for _, codec := range []string{"pcmu", "g729", "g722", "opus"} {
		s := settings(server)
		s.Codec, s.Duration, s.Calls = codec, 200*time.Millisecond, MostCalls
		_, o, _ := place(t, s)
		var bytes int64
		for _, c := range o.Calls {
			for _, l := range c.Loops {
				if len(l.Arrivals) != 10 || l.Foreign > 0 {
					t.Errorf("%s, %s/%s: %d arrived, %d foreign", codec, l.UpLeg, l.DownLeg, len(l.Arrivals), l.Foreign)
				}
			}
			bytes += int64(3 * 10)
		}
		if o.BytesUp < bytes*32 || o.BytesDown < bytes*32 {
			t.Errorf("%s: %d bytes up, %d down", codec, o.BytesUp, o.BytesDown)
		}
	}
}
