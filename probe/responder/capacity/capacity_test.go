//go:build capacity && linux

package capacity

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// TestMain lets the test's own executable be what is loaded.
func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "responder":
		runResponder()
	case "agent":
		runAgent()
	case "echo":
		runEcho()
	default:
		os.Exit(m.Run())
	}
}

// measure runs the calls of a subject and sums up their figures.
func measure(b *testing.B, server *child, g *generator, s subject, sum func(*figure)) figure {
	b.Helper()
	var used, at time.Duration
	g.run(s, func() {
		if p, ok := s.(*placed); ok {
			p.mu.Lock()
			p.hears = true
			p.mu.Unlock()
		}
		used, at = server.used(b), time.Duration(time.Now().UnixNano())
	})
	f := figure{calls: g.calls, generator: p99(g.late)}
	f.cpu = float64(server.used(b)-used) / float64(time.Duration(time.Now().UnixNano())-at-draining)
	sum(&f)
	return f
}

// eachSession is how many calls share a session here.
const eachSession = 25

var subjects = []struct {
	name string
	load func(*testing.B, int) figure
}{
	{"echo", echo},
	{"irtt", irtt},
	{"netready", respondUsual},
}

func respondUsual(b *testing.B, calls int) figure {
	b.Helper()
	return respond(b, calls, eachSession)
}

// BenchmarkCapacity finds how many calls each carries on one core with less
// than 0.01 % loss and 0.5 ms of jitter added (p99 of the calls).
func BenchmarkCapacity(b *testing.B) {
	pinAll(b)
	for b.Loop() {
		carried := map[string]float64{}
		for _, s := range subjects {
			best := climb(func(calls int) figure {
				f := s.load(b, calls)
				fmt.Printf("%-9s %5d calls: loss %.4f %%, jitter %.3f ms, late %.2f ms, CPU %.0f %%, %.0f µs a call and second, generator late %.2f ms\n",
					s.name, f.calls, 100*f.loss, f.jitter, f.late, 100*f.cpu, 1e6*f.cpu/float64(f.calls), f.generator)
				return f
			})
			carried[s.name] = float64(best)
			b.ReportMetric(float64(best), s.name+"-calls")
		}
		b.ReportMetric(carried["netready"]/carried["echo"], "netready/echo")
		b.ReportMetric(carried["netready"]/carried["irtt"], "netready/irtt")
	}
	b.ReportMetric(0, "ns/op")
}

// climb finds the most calls that are carried, to a tenth. A level that fails
// is tried once more: the machine has other things to do.
func climb(load func(calls int) figure) int {
	carries := func(calls int) bool {
		first := load(calls)
		return first.carried() || load(calls).carried()
	}
	low, high := 0, 6400
	for calls := 100; calls <= high; calls *= 2 {
		if !carries(calls) {
			high = calls
			break
		}
		low = calls
	}
	for low > 0 && high-low > low/10 {
		if middle := (low + high) / 2; carries(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// BenchmarkCost is what a call costs a responder: time of a core, and memory
// beside its trace, from a few calls to many, one or many to a session.
func BenchmarkCost(b *testing.B) {
	pinAll(b)
	for _, c := range []struct{ calls, each int }{{10, 1}, {100, 1}, {300, 1}, {500, 1}, {10, 25}, {30, 25}, {100, 25}, {300, 25}, {1000, 25}, {2000, 25}} {
		b.Run(fmt.Sprintf("calls=%d/session=%d", c.calls, c.each), func(b *testing.B) {
			for b.Loop() {
				f := respond(b, c.calls, c.each)
				b.ReportMetric(1e6*f.cpu/float64(f.calls), "µs-CPU/call/s")
				b.ReportMetric(f.memory/1024, "KiB/call")
				b.ReportMetric(100*f.loss, "%loss")
				b.ReportMetric(f.jitter, "ms-jitter")
				b.ReportMetric(f.late, "ms-late")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
