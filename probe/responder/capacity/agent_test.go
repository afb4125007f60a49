//go:build capacity && linux

package capacity

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"netready/internal/need"
	"netready/probe/call"
	"netready/probe/invite"
	"netready/probe/stream"
)

// agentCall is how long an agent's calls last here.
const agentCall = 10 * time.Second

// spent is what an agent tells of itself.
type spent struct {
	CPU         float64 // seconds of a core
	Late50      float64 // ms: of its packets
	Late99      float64
	Up, Down    float64 // ms: jitter, the worst of the calls
	Lost, Bunch int     // packets, all calls: lost, and sent over a packet time late
}

// runAgent places so many calls and reports what they took.
func runAgent() {
	invited, err := invite.Parse(os.Getenv(role + "_INVITE"))
	calls, _ := strconv.Atoi(os.Getenv(role + "_CALLS"))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	session, err := call.Open(ctx, invited, call.Settings{Duration: agentCall, Calls: calls})
	if err != nil {
		panic(err)
	}
	before := ownTime()
	outcome, err := session.Run(ctx, call.Plan{})
	if err != nil || !outcome.Complete {
		panic(fmt.Sprint(err, outcome))
	}
	s := spent{CPU: (ownTime() - before).Seconds()}
	var late []time.Duration
	for _, c := range outcome.Calls {
		up, down := stream.Measure(c.Up.Trace, 60*time.Millisecond), stream.Measure(c.Down.Trace, 60*time.Millisecond)
		s.Lost += up.Lost + down.Lost
		s.Bunch += c.Up.Bunched
		s.Up, s.Down = max(s.Up, ms(up.Jitter)), max(s.Down, ms(down.Jitter))
		late = append(late, c.Lateness...)
	}
	sum := stream.LatenessOf(late)
	s.Late50, s.Late99 = ms(&sum.P50), ms(&sum.P99)
	_ = session.Close()
	_ = json.NewEncoder(os.Stdout).Encode(s)
}

func ms(d *time.Duration) float64 {
	if d == nil {
		return 0
	}
	return float64(*d) / 1e6
}

// ownTime is what this program's threads ran so far.
func ownTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// agent places calls from a program of its own.
func agent(b *testing.B, program, to string, calls int) (s spent) {
	b.Helper()
	c := exec.CommandContext(b.Context(), program)
	c.Env = append(os.Environ(), role+"=agent", role+"_INVITE="+to, role+"_CALLS="+strconv.Itoa(calls))
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		b.Fatalf("the agent: %v\n%s", err, out)
	}
	return s
}

// irttClient is the time that irtt's client takes for a session of that length.
func irttClient(b *testing.B, tool string) float64 {
	b.Helper()
	c := exec.CommandContext(b.Context(), tool, "client", "-i", "20ms", "-l", "172", "-d", fmt.Sprint(agentCall), "-Q", irttAddress)
	if out, err := c.CombinedOutput(); err != nil {
		b.Fatalf("irtt: %v\n%s", err, out)
	}
	return (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
}

// BenchmarkAgent is what calls cost an agent, a thousand packets each way,
// beside irtt's client in turns, and what they show of a path that does nothing.
// NETREADY_CAPACITY_BEFORE names another build of this test to compare with.
func BenchmarkAgent(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	tool := need.Tool(b, "irtt")
	first()
	for _, calls := range []int{1, 50, 200} {
		b.Run(fmt.Sprintf("calls=%d", calls), func(b *testing.B) {
			server := serve(b, "responder")
			defer server.end()
			var to, media string
			_, _ = fmt.Sscan(server.line, &to, &media)
			theirs := launch(b, exec.CommandContext(b.Context(), tool, "server", "-b", irttAddress))
			defer theirs.end()
			var ours, irtt float64
			programs := []string{self}
			if before := os.Getenv(role + "_BEFORE"); before != "" {
				programs = append(programs, before)
			}
			for b.Loop() {
				for _, program := range programs {
					s := agent(b, program, to, calls)
					each := 1000 / (agentCall.Seconds() * 50) / float64(calls)
					fmt.Printf("%s: %d calls: %.2f s a thousand packets, late %.3f and %.3f ms (p50, p99), jitter up %.3f and down %.3f ms, %d lost, %d bunched\n",
						program, calls, s.CPU*each, s.Late50, s.Late99, s.Up, s.Down, s.Lost, s.Bunch)
					if program == self {
						ours += s.CPU * each
					}
				}
				irtt += irttClient(b, tool) * 1000 / (agentCall.Seconds() * 50)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ours/float64(b.N), "CPU-s/1000")
			b.ReportMetric(irtt/float64(b.N), "irtt-CPU-s/1000")
			b.ReportMetric(irtt/ours, "irtt/netready")
		})
	}
}
