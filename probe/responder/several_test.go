package responder_test

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"netready/internal/nameserver"
	"netready/probe"
	"netready/probe/call"
	"netready/probe/facts"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/probe/responder"
)

// silentHost takes connections and says nothing. It reports the moment in which one
// of them is given up.
func silentHost(t *testing.T, to invite.Invite, gaveUp func()) invite.Invite {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for b := make([]byte, 4096); err == nil; {
					_, err = c.Read(b)
				}
				gaveUp()
			}()
		}
	}()
	to.Host = l.Addr().String()
	return to
}

func runAt(ctx context.Context, wait time.Duration, to ...invite.Invite) (facts.Result, string, error) {
	said := ""
	result, err := probe.Run(ctx, probe.Plan{
		Region: column(), Regions: regions.List{Regions: []regions.Region{column()}}, Responders: to,
		Duration: time.Second, Codec: "pcmu", Calls: 1, JitterBuffer: 60 * time.Millisecond, MaxWait: wait, Parts: []string{facts.PartVoice},
		Progress: func(e probe.Event) {
			if strings.Contains(e.Text, "waiting for a turn") {
				said = e.Text
			}
		},
	})
	return result, said, err
}

// Of several responders of a region, those that refuse connections, are silent, full or
// draining cost the run only a moment: the remaining one gets the call, before the silent
// one is given up.
func TestAnotherResponderTakesTheCall(t *testing.T) {
	t.Parallel()
	good := begin(t, responder.Limits{})
	full := begin(t, responder.Limits{PerAddress: 1})
	occupied := func(func()) invite.Invite { // who holds it shows no sign, and so not for long
		hold, err := call.Open(t.Context(), full.Invite(), call.Settings{Duration: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = hold.Close() })
		return full.Invite()
	}
	draining := begin(t, responder.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	draining.Drain(ctx)
	dead := good.Invite()
	dead.Host = "127.0.0.1:1"
	for name, first := range map[string]func(gaveUp func()) invite.Invite{
		"dead":     func(func()) invite.Invite { return dead },
		"silent":   func(gaveUp func()) invite.Invite { return silentHost(t, good.Invite(), gaveUp) },
		"full":     occupied,
		"draining": func(func()) invite.Invite { return draining.Invite() },
	} {
		before := good.Stats().Granted
		var tooSoon atomic.Bool
		to := first(func() {
			if good.Stats().Granted == before {
				tooSoon.Store(true)
			}
		})
		result, _, err := runAt(t.Context(), -1, to, good.Invite())
		if err != nil || result.Voice.Up == nil || result.Voice.Up.Sent != 50 || result.Region.Responder != good.Invite().Host {
			t.Errorf("%s: %v, %+v, by %s", name, err, result.NotMeasured, result.Region.Responder)
		}
		if tooSoon.Load() {
			t.Errorf("%s: the next was asked only after it was given up", name)
		}
		if name == "draining" && draining.Stats().Refused["draining"] != 1 {
			t.Errorf("the draining one was asked %d times", draining.Stats().Refused["draining"])
		}
	}
}

// A run waits for its turn at several full responders, and can be seen waiting.
func TestAllFullIsWaitedFor(t *testing.T) {
	t.Parallel()
	var to []invite.Invite
	var held []*call.Session
	for range 2 {
		s := begin(t, responder.Limits{PerAddress: 1})
		hold, err := call.Open(t.Context(), s.Invite(), call.Settings{Duration: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, hold)
		to = append(to, s.Invite())
	}
	time.AfterFunc(time.Second, func() { _ = held[1].Close() })
	result, said, err := runAt(t.Context(), time.Minute, to...)
	if err != nil || result.Voice.Up == nil || result.Region.Responder != to[1].Host || said == "" {
		t.Errorf("%v, %+v, by %s, it said %q", err, result.NotMeasured, result.Region.Responder, said)
	}
	_ = held[0].Close()
}

// A run that waits for a responder goes on waiting while it restarts: the responder said
// when to come again.
func TestRestartIsWaitedFor(t *testing.T) {
	t.Parallel()
	identity, err := responder.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	config := responder.Local()
	config.Identity = identity
	first, err := responder.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	to := first.Invite()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	first.Drain(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		result, said, err := runAt(t.Context(), 2*time.Minute, to)
		if err != nil || result.Voice.Up == nil || !strings.Contains(said, "restarted") {
			t.Errorf("%v, %+v, it said %q", err, result.NotMeasured, said)
		}
	}()
	for first.Stats().Refused["draining"] == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	config.Control = to.Host
	second, err := responder.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	<-done
}

// A run that does not wait for a responder that is about to end says so, and asks nobody to
// let more calls in.
func TestResponderThatEndsIsNotFull(t *testing.T) {
	t.Parallel()
	ends := begin(t, responder.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ends.Drain(ctx)
	result, _, err := runAt(t.Context(), -1, ends.Invite())
	i := slices.IndexFunc(result.NotMeasured, func(g facts.NotMeasured) bool { return strings.HasPrefix(g.What, "voice") })
	if err != nil || i < 0 || !strings.Contains(result.NotMeasured[i].Reason, "about to end") || strings.Contains(result.NotMeasured[i].Reason, "--max-per-address") {
		t.Errorf("%v, %+v", err, result.NotMeasured)
	}
}

// nameServer is asked for the names of this package's tests; nil: the machine's.
var nameServer atomic.Pointer[string]

// The resolver is set before anything runs and stays: a look-up may still be running, and
// read it, when its test has ended.
func TestMain(m *testing.M) {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if server := nameServer.Load(); server != nil {
			network, address = "udp", *server
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	os.Exit(m.Run())
}

// resolves makes one name lead to some addresses of IPv4, for as long as the test lasts.
func resolves(t *testing.T, name string, to ...string) {
	t.Helper()
	server := nameserver.Start(t, name, to...)
	nameServer.Store(&server)
	t.Cleanup(func() { nameServer.Store(nil) })
}

// Behind one name are two replicas, and the first that answers is full: the agent goes on
// to the other by itself, within the same try. It neither waits for a turn nor needs a
// later try.
func TestFullReplicaBehindTheSameName(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8")
	}
	identity, err := responder.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	const name = "voice.example.com"
	hosts := []string{"127.0.0.1", "127.0.0.2"}
	resolves(t, name, hosts...)
	var all []*responder.Server
	port := "0"
	for _, host := range hosts {
		config := responder.Local()
		config.Identity, config.Ports, config.Limits = identity, "", responder.Limits{PerAddress: 1}
		config.Control, config.Media = net.JoinHostPort(host, port), net.JoinHostPort(host, "0")
		s, err := responder.Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		all = append(all, s)
		_, port, _ = net.SplitHostPort(s.ControlAddr())
	}
	to := all[0].Invite()
	to.Host = net.JoinHostPort(name, port)
	for i := range all {
		began := time.Now()
		hold, err := call.Open(t.Context(), to, call.Settings{Duration: time.Minute})
		if err != nil {
			t.Fatalf("agent %d: %v", i+1, err)
		}
		t.Cleanup(func() { _ = hold.Close() })
		t.Logf("agent %d was granted by %s, in %v", i+1, hold.Control().Remote(), time.Since(began).Round(time.Millisecond))
	}
	first, second := all[0].Stats(), all[1].Stats()
	if first.Granted != 1 || second.Granted != 1 || first.Refused["busy"]+second.Refused["busy"] != 1 {
		t.Errorf("granted %d and %d, refused %v and %v; want each once, and one refusal", first.Granted, second.Granted, first.Refused, second.Refused)
	}
	if _, err := call.Open(t.Context(), to, call.Settings{Duration: time.Minute}); !errors.Is(err, call.ErrBusy) {
		t.Errorf("with both full: %v", err)
	}
}

// A responder that names another region than that of the run is in the result; capitals do not matter.
func TestResponderOfAnotherRegion(t *testing.T) {
	t.Parallel()
	for its, want := range map[string]string{"eu-test-9": "eu-test-9", strings.ToUpper(column().ID): "", "": ""} {
		config := responder.Local()
		config.Region = its
		s, err := responder.Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		result, _, err := runAt(t.Context(), -1, s.Invite())
		if err != nil || result.Region.ID != column().ID || result.Region.ResponderRegion != want {
			t.Errorf("region %q: %v, %+v", its, err, result.Region)
		}
	}
}
