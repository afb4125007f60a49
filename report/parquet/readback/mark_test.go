package readback

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"netready/internal/seed"
	tables "netready/report/parquet"
	"netready/report/workbook"
)

// marked is a table that says what it was made from.
func marked(tb testing.TB, source string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tables.NewRuns(&b)
	for _, id := range []string{"a", "b", "c"} {
		if err := w.Write(workbook.Row{Cells: []any{id}}); err != nil {
			tb.Fatal(err)
		}
	}
	w.Mark(source)
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func mark(data []byte) (string, error) { return Mark(bytes.NewReader(data), int64(len(data))) }

func TestMarkComesBack(t *testing.T) {
	if got, err := mark(marked(t, "segment 1")); got != "segment 1" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// A file cut short or damaged is an error where its mark is read, never a crash. So is
// one of another kind.
func TestDamagedFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 2))
	whole := marked(t, "segment 1")
	for range 50 {
		if _, err := mark(whole[:r.IntN(len(whole))]); err == nil {
			t.Error("a file cut short was read")
		}
		damaged := bytes.Clone(whole)
		damaged[r.IntN(len(damaged))] ^= byte(1 + r.IntN(255))
		_, _ = mark(damaged) // it ends
	}
	if _, err := mark([]byte("run_id,organization\n1,2\n")); err == nil {
		t.Error("a CSV was read")
	}
}

// Any bytes have a mark or are an error.
func FuzzMark(f *testing.F) {
	f.Add(marked(f, "segment 1"))
	f.Add(marked(f, ""))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = mark(data) })
}
