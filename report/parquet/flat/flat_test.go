package flat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"netready/internal/seed"
)

var fourColumns = []Column{{"text", String}, {"figure", Double}, {"when", Timestamp}, {"is", Boolean}}

func written(tb testing.TB, columns []Column, rows [][]any) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, "table", columns)
	for _, row := range rows {
		if err := w.Add(row); err != nil {
			tb.Fatal(err)
		}
	}
	w.Note("from", "a test")
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// readByOthers are the rows that another program's library reads.
func readByOthers(tb testing.TB, data []byte) (f *parquet.File, rows [][]any) {
	tb.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatal(err)
	}
	r := parquet.NewGenericReader[any](f)
	defer r.Close()
	batch := make([]parquet.Row, 100)
	for {
		n, err := r.ReadRows(batch)
		for _, row := range batch[:n] {
			rows = append(rows, cellsOf(row))
		}
		if errors.Is(err, io.EOF) {
			return f, rows
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func cellsOf(row parquet.Row) (cells []any) {
	for _, value := range row {
		switch {
		case value.IsNull():
			cells = append(cells, nil)
		case value.Kind() == parquet.ByteArray:
			cells = append(cells, string(value.ByteArray()))
		case value.Kind() == parquet.Double:
			cells = append(cells, value.Double())
		case value.Kind() == parquet.Int64:
			cells = append(cells, value.Int64())
		case value.Kind() == parquet.Boolean:
			cells = append(cells, value.Boolean())
		}
	}
	return cells
}

// madeUp are rows of any cells: their texts are a few known ones, or all of them new.
func madeUp(r *rand.Rand, n int, known bool) (rows [][]any) {
	null := r.IntN(5)
	for i := range n {
		row := []any{fmt.Sprint(i, strings.Repeat("x", r.IntN(200))), r.NormFloat64() * math.Pow(10, float64(r.IntN(300))), int64(r.IntN(4e12)), r.IntN(2) == 0}
		if known {
			row[0] = []string{"", "pass", "fail", "Zürich\x00\n"}[r.IntN(4)]
		}
		for c := range row {
			if r.IntN(4) < null {
				row[c] = nil
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// Another library reads what was written: a cell, a page, many pages, several groups, nulls
// alone, texts by dictionary and without one.
func TestOthersReadWhatIsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 1))
	for _, n := range []int{0, 1, 7, 8, 9, 300, 9_000, 45_000} {
		for i := range 4 {
			rows := madeUp(r, n, i%2 == 0)
			f, got := readByOthers(t, written(t, fourColumns, rows))
			if len(got) != n || n > 0 && !reflect.DeepEqual(got, rows) {
				t.Fatalf("%d rows are read of %d, or they differ", len(got), n)
			}
			if groups := len(f.RowGroups()); groups != (n+groupRows-1)/groupRows {
				t.Errorf("%d rows are in %d groups", n, groups)
			}
			if note, _ := f.Lookup("from"); note != "a test" {
				t.Errorf("the note is %q", note)
			}
		}
	}
}

// A column says of itself what a library says of the same column.
func TestSchemaIsThatOfOthers(t *testing.T) {
	type table struct {
		Text   *string  `parquet:"text,optional"`
		Figure *float64 `parquet:"figure,optional"`
		When   *int64   `parquet:"when,optional,timestamp"`
		Is     *bool    `parquet:"is,optional"`
	}
	f, _ := readByOthers(t, written(t, fourColumns, nil))
	if got, want := f.Schema().String(), parquet.NewSchema("table", parquet.SchemaOf(table{})).String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// Engines pass over groups by the least and the greatest value, and count by the nulls.
func TestStatistics(t *testing.T) {
	f, _ := readByOthers(t, written(t, fourColumns, [][]any{{"b", -2.5, int64(-3), true}, {"a", 7.0, int64(5), nil}, {nil, nil, nil, nil}, {"c", 0.0, int64(0), false}}))
	group := f.Metadata().RowGroups[0]
	for i, want := range []string{"nulls 1", "nulls 1, -2.5 to 7", "nulls 1, -3 to 5", "nulls 2"} {
		meta := group.Columns[i].MetaData
		got := fmt.Sprintf("nulls %d", meta.Statistics.NullCount)
		if kind := f.Schema().Fields()[i].Type().Kind(); len(meta.Statistics.MinValue) > 0 {
			got += fmt.Sprintf(", %v to %v", kind.Value(meta.Statistics.MinValue), kind.Value(meta.Statistics.MaxValue))
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", meta.PathInSchema[0], got, want)
		}
	}
}

// Rows wait in memory in groups of a bounded size, whatever they hold.
func TestGroupsAreBounded(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b, "table", fourColumns)
	for i := range 50 {
		if err := w.Add([]any{strings.Repeat(string(rune('a'+i%26)), 1<<20)}); err != nil {
			t.Fatal(err)
		}
		if w.bytes > groupBytes {
			t.Fatalf("%d bytes wait", w.bytes)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if f, rows := readByOthers(t, b.Bytes()); len(f.RowGroups()) < 3 || len(rows) != 50 {
		t.Errorf("50 MB are %d rows in %d groups", len(rows), len(f.RowGroups()))
	}
}

// A cell of another type ends the file: it is neither null nor lost without a word.
func TestCellOfAnotherType(t *testing.T) {
	for _, row := range [][]any{{1.5}, {nil, "x"}, {nil, math.NaN()}, {nil, nil, 1.5}, {nil, nil, nil, int64(1)}, {struct{}{}}} {
		w := NewWriter(io.Discard, "table", fourColumns)
		if err := w.Add(row); err == nil || w.Close() == nil {
			t.Errorf("%v was written", row)
		}
	}
}

// Whatever texts and numbers come, another library reads the same.
func FuzzRows(f *testing.F) {
	f.Add(uint64(1), uint16(10), "a text", 1.5)
	f.Add(uint64(2), uint16(2_000), "\xff\x00", math.Inf(-1))
	f.Fuzz(func(t *testing.T, from uint64, n uint16, text string, figure float64) {
		rows := madeUp(rand.New(rand.NewPCG(from, 1)), int(n)%3_000, n%2 == 0)
		if math.IsNaN(figure) {
			figure = 0
		}
		rows = append(rows, []any{text, figure, int64(from), true})
		if _, got := readByOthers(t, written(t, fourColumns, rows)); !reflect.DeepEqual(got, rows) {
			t.Errorf("%d rows are read of %d, or they differ", len(got), len(rows))
		}
	})
}
