//go:build system

package relay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/probe/ice"
	"netready/probe/internal/turntest"
	"netready/probe/stream"
)

// What the link says that it did, as far as it is used here.
type (
	linkReport struct {
		Calls []linkFlow `json:"calls"`
	}
	linkFlow struct {
		Agent string      `json:"agent"`
		Up    linkPassage `json:"up"`
		Down  linkPassage `json:"down"`
	}
	linkPassage struct {
		In      int   `json:"in"`
		Dropped []int `json:"dropped"`
		Sent    []struct {
			Index int           `json:"i"`
			In    time.Duration `json:"in_ns"`
			Out   time.Duration `json:"out_ns"`
		} `json:"sent"`
	}
)

// trace is a passage as a trace of its own: the effect of the link alone.
func (p linkPassage) trace() stream.Trace {
	t := stream.Trace{Sent: p.In, PacketTime: stream.PacketTime}
	for _, h := range p.Sent {
		t.Arrivals = append(t.Arrivals, stream.Arrival{Seq: int64(h.Index), Sent: h.In, Received: h.Out, DSCP: stream.NoDSCP})
	}
	return t
}

// The project's own link in front of a server: losses to the packet, order as the link left
// it, jitter as the link made it.
func TestTheLinksOwnFigures(t *testing.T) {
	program := filepath.Join(t.TempDir(), "link")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "netready/probe/internal/relay").CombinedOutput(); err != nil {
		t.Fatalf("building the link: %v\n%s", err, out)
	}
	for name, harm := range map[string][]string{
		"jitter up":      {"--up-delay", "20ms", "--up-jitter", "15ms"},
		"jitter down":    {"--down-delay", "20ms", "--down-jitter", "15ms"},
		"reorder up":     {"--up-reorder", "0.1", "--up-reorder-by", "45ms"},
		"reorder down":   {"--down-reorder", "0.1", "--down-reorder-by", "45ms"},
		"bursts up":      {"--up-loss", "0.1", "--up-burst", "4"},
		"bursts down":    {"--down-loss", "0.1", "--down-burst", "4"},
		"loss both ways": {"--up-loss", "0.05", "--down-loss", "0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.HasPrefix(name, "jitter") { // which wants the machine for itself
				t.Parallel()
			}
			server := turntest.Start(t, turntest.Options{NoTLS: true})
			c := exec.Command(program, append([]string{"--to", server.UDP.String()}, harm...)...)
			input, _ := c.StdinPipe()
			output, _ := c.StdoutPipe()
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(output)
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			address, _, _ := strings.Cut(strings.TrimPrefix(line, "relay on "), ",")
			s := settings(server)
			s.Servers, err = ice.Parse(fmt.Appendf(nil, `[{"urls":["turn:%s?transport=udp","turn:%s?transport=tcp"],"username":%q,"credential":%q}]`,
				address, server.TCP, turntest.User, turntest.Password))
			if err != nil {
				t.Fatal(err)
			}
			s.Duration = 10 * time.Second
			session, err := Open(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			calls := &calls{session: session}
			o, err := calls.run(t.Context())
			if err != nil || !o.Complete {
				t.Fatalf("%v, %+v", err, o)
			}
			_ = input.Close()
			var b bytes.Buffer
			_, _ = b.ReadFrom(lines)
			_ = c.Wait()
			var r linkReport
			if err := json.Unmarshal(b.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			compare(t, calls.loops(), o.Calls[0].Loops, r)
		})
	}
}

func compare(t *testing.T, loops []*loop, got []Loop, r linkReport) {
	t.Helper()
	passages := func(port int) (up, down linkPassage) {
		for _, f := range r.Calls {
			if strings.HasSuffix(f.Agent, fmt.Sprintf(":%d", port)) {
				return f.Up, f.Down
			}
		}
		return
	}
	const buffer = 60 * time.Millisecond
	for i, l := range got {
		first, second := loops[i].ports()
		up, _ := passages(first)
		_, down := passages(second)
		m := stream.Measure(l.Trace, buffer)
		if m.Sent != 500 || m.Lost != len(up.Dropped)+len(down.Dropped) {
			t.Errorf("%s/%s: sent %d, lost %d; the link dropped %d and %d", l.UpLeg, l.DownLeg, m.Sent, m.Lost, len(up.Dropped), len(down.Dropped))
		}
		if !l.ThereAndBack() {
			continue
		}
		there, back := stream.Measure(up.trace(), buffer), stream.Measure(down.trace(), buffer)
		if m.Lost == 0 && m.Reordered != there.Reordered+back.Reordered {
			t.Errorf("reordered %d; the link %d and %d", m.Reordered, there.Reordered, back.Reordered)
		}
		if !strings.Contains(t.Name(), "jitter") {
			continue
		}
		// A packet's number on the harmed way is its own: the part before that way keeps
		// the order.
		harmed := up
		if strings.Contains(t.Name(), "down") {
			harmed = down
		}
		made, host := *stream.Measure(harmed.trace(), buffer).Jitter, hostJitter(l.Trace, harmed)
		if d := (*m.Jitter - made).Abs(); d > made*3/100+150*time.Microsecond+host {
			t.Errorf("jitter %v, the link made %v, this machine %v", *m.Jitter, made, host)
		}
		t.Logf("jitter %v, the link made %v, this machine %v", *m.Jitter, made, host)
	}
}

// hostJitter is what this machine added outside the link's stamps.
func hostJitter(t stream.Trace, harmed linkPassage) time.Duration {
	held := map[int64]time.Duration{}
	for _, h := range harmed.Sent {
		held[int64(h.Index)] = h.Out - h.In
	}
	rest := stream.Trace{Sent: t.Sent, PacketTime: t.PacketTime}
	for _, a := range t.Arrivals {
		a.Received -= held[a.Seq]
		rest.Arrivals = append(rest.Arrivals, a)
	}
	return *stream.Measure(rest, time.Second).Jitter
}
