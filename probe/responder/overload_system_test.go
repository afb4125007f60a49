//go:build system && unix

package responder_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"netready/probe"
	"netready/probe/facts"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/probe/responder"
	"netready/report"
	"netready/thresholds"
)

const (
	servesHere = "NETREADY_TEST_SERVES" // has this test's own executable be a responder
	inviteLine = "invite: "
)

// A host is a responder in a program of its own.
type host struct {
	command *exec.Cmd
	invite  invite.Invite
}

// TestServesAsAHost is the other program of the test below.
func TestServesAsAHost(t *testing.T) {
	if os.Getenv(servesHere) == "" {
		t.Skip("no test of its own")
	}
	config := responder.Local()
	config.Ports = ""
	s, err := responder.Start(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(inviteLine + s.Invite().String())
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until the other side is gone
}

func newHost(t *testing.T) host {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, "-test.run", "^TestServesAsAHost$")
	c.Env = append(os.Environ(), servesHere+"=1")
	if _, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if to, ok := strings.CutPrefix(lines.Text(), inviteLine); ok {
			invited, err := invite.Parse(to)
			if err != nil {
				t.Fatal(err)
			}
			return host{c, invited}
		}
	}
	t.Fatal("the responder did not begin")
	return host{}
}

// slow lets a program run only for a part of the time, until ctx ends, as on a host that is
// asked for a multiple of what it can do.
func (h host) slow(ctx context.Context, run, rest time.Duration) {
	for ctx.Err() == nil {
		_ = h.command.Process.Signal(syscall.SIGSTOP)
		time.Sleep(rest)
		_ = h.command.Process.Signal(syscall.SIGCONT)
		time.Sleep(run)
	}
}

// More is asked of a host than it can do, in equal shares by many agents: agents beyond
// what it can do are refused, and no verdict of the accepted ones blames the network.
func TestOverloadedHostIsNotTheNetwork(t *testing.T) {
	h := newHost(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { h.slow(ctx, 10*time.Millisecond, 30*time.Millisecond) })
	defer wg.Wait()
	defer cancel()

	var mu sync.Mutex // guards the rest
	refused, placed := 0, 0
	var agents sync.WaitGroup
	for i := range 12 {
		agents.Go(func() {
			time.Sleep(time.Duration(i) * 500 * time.Millisecond)
			judged := overloadedRun(t, h)
			mu.Lock()
			defer mu.Unlock()
			if isRefused(judged.Result) {
				refused++
				return
			}
			placed++
			blamesNobodyElse(t, i, judged)
		})
	}
	agents.Wait()
	t.Logf("%d agents were refused, %d were taken", refused, placed)
	if refused == 0 || placed == 0 {
		t.Errorf("%d agents were refused and %d taken, want some of both", refused, placed)
	}
}

func overloadedRun(t *testing.T, h host) report.Report {
	t.Helper()
	result, err := probe.Run(t.Context(), probe.Plan{
		Region: column(), Regions: regions.List{Regions: []regions.Region{column()}}, Responders: []invite.Invite{h.invite},
		Duration: 4 * time.Second, Codec: "pcmu", Calls: 8, JitterBuffer: 60 * time.Millisecond, MaxWait: -1, Parts: []string{facts.PartVoice},
	})
	if err != nil {
		t.Error(err)
	}
	return report.New(result, thresholds.Default())
}

// isRefused says whether a run was told to come again.
func isRefused(r facts.Result) bool {
	return slices.ContainsFunc(r.NotMeasured, func(g facts.NotMeasured) bool { return g.Code == facts.CodeBusy })
}

// blamesNobodyElse fails where a figure is judged as the network's fault, and
// prints what was judged.
func blamesNobodyElse(t *testing.T, agent int, judged report.Report) {
	t.Helper()
	marks := map[string]int{}
	for _, f := range judged.Findings {
		if f.Level == thresholds.Fail {
			t.Errorf("agent %d: %s: %s", agent, f.What, f.Text)
		}
		if f.Level == thresholds.Unknown {
			marks[f.Code]++
		}
	}
	t.Logf("agent %d: %s, figures marked: %v", agent, judged.Verdict, marks)
}
