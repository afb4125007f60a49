package page

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"gocloud.dev/blob/fileblob"

	"netready/probe/responder"
	"netready/results/store"
	"netready/thresholds"
)

// segment writes the index of a day of n runs, as the store gathers it.
func segment(b *testing.B, dir string, day time.Time, n int) {
	b.Helper()
	date := day.Format(time.DateOnly)
	folder := filepath.Join(dir, "index", "date="+date, "org=ACME")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(filepath.Join(folder, "rows-1.jsonl.zst"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewWriter(f)
	if err != nil {
		b.Fatal(err)
	}
	defer z.Close()
	for i := range n {
		row := store.Row{
			Stored: store.Stored{
				Key: fmt.Sprintf("v1/date=%s/org=ACME/region=eu/%026d.json", date, i), RunID: fmt.Sprintf("%026d", i), Org: "ACME", Region: "eu",
				Started: day.Add(time.Duration(i) * 24 * time.Hour / time.Duration(n)), Size: 100_000,
			},
			Organization: "ACME", Location: fmt.Sprintf("hall %d", i%50), Machine: fmt.Sprintf("pc-%d", i%5000), Complete: true,
			Verdict: []thresholds.Verdict{thresholds.Ready, thresholds.NotReady}[i%2], First: "The way up loses packets: ask your provider for the counters of its line.",
			JitterUp: new(4.25), JitterDown: new(3.5), LossUp: new(0.4), LossDown: new(0.1), RTT: new(20.5), MOSUp: new(4.1), MOSDown: new(4.3),
		}
		line, err := json.Marshal(row)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := z.Write(append(line, '\n')); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPageOfAMillion opens the page of a day, of a store of a million runs: one day of
// thirty, and a day that has them all.
func BenchmarkPageOfAMillion(b *testing.B) {
	for days, n := range map[int]int{30: 33_334, 1: 1_000_000} {
		b.Run(fmt.Sprintf("days=%d", days), func(b *testing.B) {
			dir, first := b.TempDir(), time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
			for day := range days {
				segment(b, dir, first.AddDate(0, 0, day), n)
			}
			bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
			if err != nil {
				b.Fatal(err)
			}
			defer bucket.Close()
			h := New(Config{Store: store.New(bucket, store.Options{}), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
			who := responder.Holder{TokenID: "reader", Org: "ACME", Reads: true}
			peak := peakHeap(b)
			for b.Loop() {
				r := httptest.NewRequestWithContext(responder.WithHolder(b.Context(), who), http.MethodGet, "/results?day=2026-10-01", nil)
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
			b.ReportMetric(peak(), "peak-MB")
		})
	}
}

// peakHeap watches the heap until it is asked.
func peakHeap(b *testing.B) func() float64 {
	b.Helper()
	runtime.GC()
	most, stop := uint64(0), make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() float64 {
		close(stop)
		watching.Wait()
		return float64(most) / 1e6
	}
}
