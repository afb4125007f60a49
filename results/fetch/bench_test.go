package fetch

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"netready/report/merge"
	"netready/results"
)

// BenchmarkMerge merges 20,000 results a round from a far end that answers at once, into
// CSV: how many a second this side takes, and how large the heap becomes.
func BenchmarkMerge(b *testing.B) {
	const all = 20_000
	one := run(b, runID(0), "ACME", monday)
	to := farEnd(b, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", results.PageType)
		w.Header().Set("Content-Encoding", "gzip")
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		defer z.Close()
		first := 0
		if after, ok := results.ReadKey(r.URL.Query().Get(results.ParameterAfter)); ok {
			for _, digit := range after.RunID[len("01JFETCH"):] {
				first = first*10 + int(digit-'0')
			}
			first++
		}
		lines := json.NewEncoder(z)
		for i := first; i < all; i++ {
			if i == first+results.PageLines {
				_ = lines.Encode(results.Line{Next: keyOf("ACME", runID(i-1))})
				return
			}
			_ = lines.Encode(results.Line{Key: keyOf("ACME", runID(i)), Result: bytes.ReplaceAll(one, []byte(runID(0)), []byte(runID(i)))})
		}
		_ = lines.Encode(results.Line{End: true})
	})
	for b.Loop() {
		got, err := merge.Merge{
			Sources: []string{"x"}, CSV: filepath.Join(b.TempDir(), "o.csv"), Now: monday,
			Elsewhere: func(a string) (merge.Place, bool) { return Source{Invite: to}.Place(), strings.HasPrefix(a, "x") },
		}.Do(b.Context())
		if err != nil || got.Runs != all {
			b.Fatalf("%d runs, %v, %v", got.Runs, got.LeftOut, err)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(all*b.N)/b.Elapsed().Seconds(), "results/s")
	b.ReportMetric(float64(m.HeapSys>>20), "MB-heap")
}
