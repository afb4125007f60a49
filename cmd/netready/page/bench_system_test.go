//go:build system

package page

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkFirstPaint opens the page in Chromium again and again and reports
// the medians of the time from the start of the navigation to the first paint
// and to the form, and the weight of all that was loaded. Beside them stands the
// time for a line of bare text in the same tab: what the browser itself takes
// on this machine. Each navigation leaves a page of bare text that is at rest,
// so that none pays for tearing down another.
func BenchmarkFirstPaint(b *testing.B) {
	_, cfg := quickScript(b)
	s := serve(b, cfg)
	got := map[string][]float64{}
	for b.Loop() {
		for line := range strings.Lines(browse(b, "paint", s, nil)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			if f, err := strconv.ParseFloat(value, 64); err == nil {
				got[name] = append(got[name], f)
			}
		}
	}
	for name, unit := range map[string]string{
		"paint": "ms-to-first-paint", "form": "ms-to-form", "bare": "ms-for-bare-text", "weight": "page-bytes",
	} {
		if len(got[name]) == 0 {
			b.Fatalf("the browser did not tell %s", name)
		}
		slices.Sort(got[name])
		b.ReportMetric(got[name][len(got[name])/2], unit)
	}
	b.ReportMetric(0, "ns/op") // the time is Chromium's own start, mostly
}
