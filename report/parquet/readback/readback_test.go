package readback

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"netready/internal/seed"
	tables "netready/report/parquet"
	"netready/report/workbook"
)

// madeUp is a row of any values that a row can have.
func madeUp(r *rand.Rand) workbook.Row {
	columns := tables.RunsColumns()
	row := workbook.Row{Cells: make([]any, len(columns))}
	for i, column := range columns {
		if r.IntN(4) == 0 {
			continue // not measured
		}
		switch column.Type {
		case tables.Double:
			row.Cells[i] = math.Round(r.ExpFloat64()*1e6) / 1000
		case tables.Timestamp:
			row.Cells[i] = time.Unix(1_790_000_000+r.Int64N(1e8), 0).UTC()
		default:
			row.Cells[i] = []string{"=1+1", "Zürich, \"west\"", "a\tb", "😀", fmt.Sprint(r.Uint64())}[r.IntN(5)]
		}
	}
	for i := range r.IntN(5) {
		row.Ports = append(row.Ports, workbook.PortCell{
			Name: fmt.Sprintf("Port %d", i), Family: []string{"", "ipv4", "ipv6"}[r.IntN(3)],
			Status: []string{"pass", "fail", "not_measured"}[r.IntN(3)], Reason: []string{"", "no_reply"}[r.IntN(2)], Required: r.IntN(2) == 0,
		})
	}
	return row
}

func written(tb testing.TB, table func(io.Writer) *tables.Writer, rows ...workbook.Row) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := table(&b)
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// What is written is read back, cell by cell.
func TestRowsComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 1))
	var rows []workbook.Row
	for range 300 {
		rows = append(rows, madeUp(r))
	}
	runs, ports := written(t, tables.NewRuns, rows...), written(t, tables.NewPorts, rows...)
	n := 0
	for row, err := range Runs(bytes.NewReader(runs), int64(len(runs))) {
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(row.Cells, rows[n].Cells) {
			t.Fatalf("row %d: got %v, want %v", n, row.Cells, rows[n].Cells)
		}
		n++
	}
	if n != len(rows) {
		t.Errorf("%d rows of %d", n, len(rows))
	}
	var want []Port
	for _, row := range rows {
		for _, port := range row.Ports {
			started := row.Started()
			text := func(at int) string { s, _ := row.Cells[at].(string); return s }
			want = append(want, Port{row.RunID(), text(1), text(2), text(4), started, port})
		}
	}
	var got []Port
	for port, err := range Ports(bytes.NewReader(ports), int64(len(ports))) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, port)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d ports, want %d, or they differ", len(got), len(want))
	}
}

// A table without a row is a table, too.
func TestEmpty(t *testing.T) {
	data := written(t, tables.NewRuns)
	for _, err := range Runs(bytes.NewReader(data), int64(len(data))) {
		t.Errorf("a row, %v", err)
	}
}

// What does not fit a column is no figure of it, and is not lost.
func TestWordsInAFiguresCell(t *testing.T) {
	cells := make([]any, len(tables.RunsColumns()))
	at := slices.IndexFunc(tables.RunsColumns(), func(c tables.Column) bool { return c.Name == "jitter_up_ms" })
	cells[0], cells[at], cells[at+1] = "id", "ask Bob", math.NaN()
	data := written(t, tables.NewRuns, workbook.Row{Cells: cells})
	for row, err := range Runs(bytes.NewReader(data), int64(len(data))) {
		if err != nil || row.Cells[at] != nil || row.Cells[at+1] != nil || !slices.Contains(row.Cells, any(`not read: Jitter up (ms) (it holds "ask Bob")`)) {
			t.Errorf("%v, %v", row.Cells, err)
		}
	}
	if cells[at] != "ask Bob" {
		t.Error("the caller's row was changed")
	}
}

// A file cut short or damaged is an error, never a crash. So is one of another kind.
func TestDamagedFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 2))
	whole := written(t, tables.NewRuns, madeUp(r), madeUp(r), madeUp(r))
	read := func(data []byte) (rows int, err error) {
		for _, err := range Runs(bytes.NewReader(data), int64(len(data))) {
			if err != nil {
				return rows, err
			}
			rows++
		}
		return rows, nil
	}
	for range 50 {
		if _, err := read(whole[:r.IntN(len(whole))]); err == nil {
			t.Error("a file cut short was read")
		}
		damaged := bytes.Clone(whole)
		damaged[r.IntN(len(damaged))] ^= byte(1 + r.IntN(255))
		_, _ = read(damaged) // a figure may differ; it ends
	}
	if _, err := read([]byte("run_id,organization\n1,2\n")); err == nil {
		t.Error("a CSV was read")
	}
}

// A file of another version has columns that we lack, and lacks some of ours.
func TestOtherVersions(t *testing.T) {
	type older struct {
		Later *float64 `parquet:"a_later_figure,optional"`
		RunID *string  `parquet:"run_id,optional"`
		MOSUp *string  `parquet:"mos_up,optional"` // of another type
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []older{{new(1.5), new("id"), new("4.4")}}); err != nil {
		t.Fatal(err)
	}
	for row, err := range Runs(bytes.NewReader(b.Bytes()), int64(b.Len())) {
		if err != nil || row.RunID() != "id" || slices.Contains(row.Cells, any("4.4")) || len(row.Cells) != len(tables.RunsColumns()) {
			t.Errorf("%v, %v", row.Cells, err)
		}
	}
}

// Any bytes are a table or an error.
func FuzzRuns(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	f.Add(written(f, tables.NewRuns, madeUp(r)))
	f.Add(written(f, tables.NewRuns))
	f.Fuzz(func(_ *testing.T, data []byte) {
		n := 0
		for range Runs(bytes.NewReader(data), int64(len(data))) {
			if n++; n > 10_000 {
				break
			}
		}
	})
}
