//go:build system

package call_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"netready/internal/need"
	"netready/probe/call"
	"netready/probe/responder"
	"netready/probe/stream"
)

const benchmarkCall = 6 * time.Second

// BenchmarkJitterFloor measures a clean link (loopback): the jitter that is our own, idle
// and with every core busy, beside irtt's in the same run (its IPDV of the round trip,
// packets of the same size at the same pace); how late packets leave; and the CPU time that
// a call takes at both ends.
func BenchmarkJitterFloor(b *testing.B) {
	irtt := need.Tool(b, "irtt")
	for _, busy := range []bool{false, true} {
		name := map[bool]string{false: "idle", true: "busy"}[busy]
		b.Run(name, func(b *testing.B) {
			if busy {
				defer burn()()
			}
			var ours, theirs, p50, p99, cpu float64
			for b.Loop() {
				jitter, late, used := benchmarkOurs(b)
				ours += jitter
				p50 += micros(late.P50)
				p99 += micros(late.P99)
				cpu += used
				theirs += benchmarkIrtt(b, irtt)
			}
			n := float64(b.N)
			b.ReportMetric(0, "ns/op") // the length of a call says nothing
			b.ReportMetric(ours/n, "µs-jitter")
			b.ReportMetric(theirs/n, "µs-irtt-ipdv")
			b.ReportMetric(theirs/ours, "irtt/netready")
			b.ReportMetric(p50/n, "µs-late-p50")
			b.ReportMetric(p99/n, "µs-late-p99")
			b.ReportMetric(cpu/n, "%CPU/call")
		})
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// benchmarkOurs places one call and returns the mean jitter of both ways in
// microseconds, the send lateness, and the share of one core in percent.
func benchmarkOurs(b *testing.B) (jitter float64, late *stream.Lateness, cpu float64) {
	b.Helper()
	server, err := responder.Start(b.Context(), responder.Local())
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	session, err := call.Open(b.Context(), server.Invite(), call.Settings{Duration: benchmarkCall})
	if err != nil {
		b.Fatal(err)
	}
	defer session.Close()
	before := cpuTime(b)
	outcome, err := session.Run(b.Context(), call.Plan{})
	if err != nil || !outcome.Complete {
		b.Fatalf("%v %+v", err, outcome)
	}
	cpu = 100 * (cpuTime(b) - before).Seconds() / benchmarkCall.Seconds()
	c := outcome.Calls[0]
	for _, t := range []stream.Trace{c.Up.Trace, c.Down.Trace} {
		m := stream.Measure(t, buffer)
		if m.Lost != 0 || m.Jitter == nil {
			b.Fatalf("lost %d on loopback", m.Lost)
		}
		jitter += micros(*m.Jitter) / 2
	}
	return jitter, stream.LatenessOf(c.Lateness), cpu
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchmarkIrtt returns irtt's mean IPDV of the round trip in microseconds.
func benchmarkIrtt(b *testing.B, irtt string) float64 {
	b.Helper()
	const address = "127.0.0.1:21120"
	ctx, cancel := context.WithCancel(b.Context())
	server := exec.CommandContext(ctx, irtt, "server", "-b", address)
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { cancel(); _ = server.Wait() }()
	time.Sleep(300 * time.Millisecond)
	out, err := exec.CommandContext(ctx, irtt, "client", "-i", "20ms", "-l", "172", "-d", fmt.Sprint(benchmarkCall), "-Q", "-o", "-", address).Output()
	if err != nil {
		b.Fatalf("irtt: %v\n%s", err, out)
	}
	var got struct {
		Stats struct {
			IPDV struct {
				Mean float64 `json:"mean"`
			} `json:"ipdv_round_trip"`
		} `json:"stats"`
	}
	if err := json.Unmarshal(out, &got); err != nil || got.Stats.IPDV.Mean == 0 {
		b.Fatalf("irtt's result: %v\n%.300s", err, out)
	}
	return got.Stats.IPDV.Mean / 1000
}

// burn keeps every core busy until the returned function is called.
func burn() (stop func()) {
	quit := make(chan struct{})
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		cmd := exec.Command("sh", "-c", "while :; do :; done")
		if cmd.Start() != nil {
			continue
		}
		wg.Go(func() {
			<-quit
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
	return func() { close(quit); wg.Wait() }
}
