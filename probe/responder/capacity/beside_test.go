//go:build capacity && linux

package capacity

import (
	"fmt"
	"testing"
)

// BenchmarkBeside is what a call costs each, at the same number of calls in
// turns, so that what else the machine does falls on all of them alike.
func BenchmarkBeside(b *testing.B) {
	pinAll(b)
	for _, calls := range []int{10, 100, 500, 1000} {
		b.Run(fmt.Sprintf("calls=%d", calls), func(b *testing.B) {
			cost := map[string]float64{}
			for b.Loop() {
				for _, s := range subjects {
					f := s.load(b, calls)
					cost[s.name] += 1e6 * f.cpu / float64(f.calls)
					fmt.Printf("%-9s %5d calls: %.0f µs a call and second, loss %.4f %%, jitter %.3f ms, generator late %.2f ms\n", s.name, calls, 1e6*f.cpu/float64(f.calls), 100*f.loss, f.jitter, f.generator)
				}
			}
			b.ReportMetric(0, "ns/op")
			for _, s := range subjects {
				b.ReportMetric(cost[s.name]/float64(b.N), s.name+"-µs/call/s")
			}
			b.ReportMetric(cost["netready"]/cost["echo"], "netready/echo")
		})
	}
}
