//go:build system

package page

import (
	"strconv"
	"strings"
	"testing"
)

// BenchmarkFirstPaint opens the page in Chromium and reports the time from the
// request to the first paint, and the weight of all that was loaded.
func BenchmarkFirstPaint(b *testing.B) {
	_, cfg := quickScript(b)
	s := serve(b, cfg)
	sum, n := map[string]float64{}, 0.0
	for b.Loop() {
		out := browse(b, "paint", s, nil)
		for line := range strings.Lines(out) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			f, err := strconv.ParseFloat(value, 64)
			if err != nil {
				continue
			}
			sum[name] += f
		}
		n++
	}
	b.ReportMetric(sum["paint"]/n, "ms-to-first-paint")
	b.ReportMetric(sum["bare"]/n, "ms-for-bare-text") // what the browser itself takes on this machine
	b.ReportMetric(sum["weight"]/n, "page-bytes")
	b.ReportMetric(0, "ns/op") // the time is Chromium's own start, mostly
}
