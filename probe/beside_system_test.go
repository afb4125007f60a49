//go:build system

package probe_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"netready/probe"
	"netready/probe/facts"
	"netready/probe/ice"
	"netready/probe/internal/turntest"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/probe/responder"
)

// harmedPath is what happens to the packets of every call on the way to either far end: 15
// of 500 are lost on the way up, 4 on the way down, none of them the same, and both ways
// have jitter.
var harmedPath = []string{
	"--up-drop", "20,100-109,300-303", "--down-drop", "50,200-202",
	"--up-delay", "20ms", "--up-jitter", "12ms", "--down-delay", "10ms", "--down-jitter", "4ms",
}

// The same path measured by a responder and through a TURN server, at the same time: each
// way's loss is the same to the packet, and the figures of both ways together are a bound
// of the responder's figures of each.
func TestResponderAndTURNServerOnOnePath(t *testing.T) {
	program := filepath.Join(t.TempDir(), "relay")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "netready/probe/internal/relay").CombinedOutput(); err != nil {
		t.Fatalf("building the relay: %v\n%s", err, out)
	}
	turn := turntest.Start(t, turntest.Options{NoTLS: true})
	servers, err := ice.Parse(fmt.Appendf(nil, `[{"urls":["turn:%s?transport=udp","turn:%s?transport=tcp"],"username":%q,"credential":%q}]`,
		inFrontOf(t, program, turn.UDP.String()), turn.TCP, turntest.User, turntest.Password))
	if err != nil {
		t.Fatal(err)
	}
	media := freeUDP(t)
	config := responder.Local()
	config.Media, config.AdvertiseMedia = media, inFrontOf(t, program, media)
	far, err := responder.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	local, err := builtIn(t).Find(regions.Local)
	if err != nil {
		t.Fatal(err)
	}
	plan := probe.Plan{
		Region: local, Regions: builtIn(t), Duration: 10 * time.Second, Codec: "pcmu", Calls: 1,
		JitterBuffer: 60 * time.Millisecond, DSCP: 46, Parts: []string{facts.PartVoice},
	}
	one, two := plan, plan
	one.Responders, two.TURN = []invite.Invite{far.Invite()}, servers
	var direct, relayed facts.Result
	var wg sync.WaitGroup
	wg.Go(func() { direct = measured(t, one) })
	wg.Go(func() { relayed = measured(t, two) })
	wg.Wait()
	if t.Failed() {
		return
	}
	d, r := direct.Voice, relayed.Voice
	if d.Up.Lost != 15 || r.Up.Lost != 15 || d.Down.Lost != 4 || r.Down.Lost != 4 {
		t.Errorf("lost up %d and %d, want 15; down %d and %d, want 4", d.Up.Lost, r.Up.Lost, d.Down.Lost, r.Down.Lost)
	}
	t.Logf("%-22s %10s %10s %12s", "", "responder", "TURN", "TURN is more by")
	row := func(name string, exact, bound float64, unit string) {
		t.Logf("%-22s %10.3f %10.3f %+12.3f %s", name, exact, bound, bound-exact, unit)
	}
	row("loss up", *d.Up.LossPercent, *r.Up.LossPercent, "%")
	row("loss down", *d.Down.LossPercent, *r.Down.LossPercent, "%")
	for _, way := range []struct {
		name string
		d    *facts.Direction
	}{{"up", d.Up}, {"down", d.Down}} {
		row("jitter "+way.name, *way.d.JitterMS, *r.Loop.JitterMS, "ms")
		row("PDV p99 "+way.name, *way.d.PDVp99MS, *r.Loop.PDVp99MS, "ms")
		const others = 0.3 // ms: they are two calls, which this machine's other work disturbs differently
		if *r.Loop.JitterMS+others < *way.d.JitterMS || *r.Loop.PDVp99MS+others < *way.d.PDVp99MS {
			t.Errorf("%s: jitter %v, PDV %v by the responder are above the bounds %v, %v", way.name, *way.d.JitterMS, *way.d.PDVp99MS, *r.Loop.JitterMS, *r.Loop.PDVp99MS)
		}
	}
	row("MOS up", *d.Up.MOS, *r.Up.MOS, "")
	row("MOS down", *d.Down.MOS, *r.Down.MOS, "")
	if *r.Up.MOS > *d.Up.MOS+0.05 || *r.Down.MOS > *d.Down.MOS+0.05 {
		t.Error("a MOS that is said to be the least is above the responder's")
	}
}

func measured(t *testing.T, p probe.Plan) facts.Result {
	t.Helper()
	r, err := probe.Run(t.Context(), p)
	if err != nil || r.Voice.Up == nil || r.Voice.Down == nil || !r.Complete {
		t.Errorf("%v, complete %v, mode %s, %v", err, r.Complete, r.Voice.Mode, r.NotMeasured)
	}
	return r
}

// inFrontOf starts the relay that harms packets and gives its address.
func inFrontOf(t *testing.T, program, to string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	c := exec.CommandContext(ctx, program, append([]string{"--to", to}, harmedPath...)...)
	if _, err := c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(strings.TrimPrefix(line, "relay on "), ",")
	return address
}

func freeUDP(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}

func builtIn(t *testing.T) regions.List {
	t.Helper()
	list, err := regions.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return list
}
