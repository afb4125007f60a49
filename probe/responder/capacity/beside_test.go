//go:build capacity && linux

package capacity

import (
	"fmt"
	"testing"
)

// BenchmarkBeside measures what a call costs each program, at the same number of calls in
// turns, so that other work of the machine affects all of them alike. A call that was lost
// in part counts for its part.
func BenchmarkBeside(b *testing.B) {
	pinAll(b)
	for _, calls := range []int{10, 100, 500, 1000, 1500, 2000} {
		b.Run(fmt.Sprintf("calls=%d", calls), func(b *testing.B) {
			cost := map[string]float64{}
			for b.Loop() {
				for _, s := range subjects {
					f := s.load(b, calls)
					each := 1e6 * f.cpu / float64(f.calls) / (1 - f.loss)
					cost[s.name] += each
					fmt.Printf("%-9s %5d calls: CPU %.0f %%, %.0f µs a call and second, loss %.4f %%, jitter %.3f ms, late %.2f ms, generator late %.2f ms\n",
						s.name, calls, 100*f.cpu, each, 100*f.loss, f.jitter, f.late, f.generator)
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
