package parquet

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/internal/tablefile"
	"netready/report/workbook"
)

var update = flag.Bool("update", false, "write docs/parquet.md")

// madeUp is a row of any values that a row can have.
func madeUp(r *rand.Rand) workbook.Row {
	columns := RunsColumns()
	row := workbook.Row{Cells: make([]any, len(columns))}
	for i, column := range columns {
		if r.IntN(4) == 0 {
			continue // not measured
		}
		switch column.Type {
		case Double:
			row.Cells[i] = math.Round(r.ExpFloat64()*1e6) / 1000
		case Timestamp:
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

func written(tb testing.TB, table func(io.Writer) *Writer, rows ...workbook.Row) []byte {
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
	runs, ports := written(t, NewRuns, rows...), written(t, NewPorts, rows...)
	read := tablefile.Rows(t, runs)
	if len(read) != len(rows) {
		t.Fatalf("%d rows of %d", len(read), len(rows))
	}
	var want [][]any
	for n, row := range rows {
		if !slices.Equal(read[n], row.Cells) {
			t.Fatalf("row %d: got %v, want %v", n, read[n], row.Cells)
		}
		for _, p := range row.Ports {
			want = append(want, []any{row.Cells[0], row.Cells[1], row.Cells[2], row.Cells[4], row.Cells[5], p.Name, orNull(p.Family), p.Status, orNull(p.Reason), p.Required})
		}
	}
	if got := tablefile.Rows(t, ports); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%d ports, want %d, or they differ", len(got), len(want))
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// A table without a row is a table, too.
func TestEmpty(t *testing.T) {
	data := written(t, NewRuns)
	if rows := tablefile.Rows(t, data); len(rows) > 0 {
		t.Errorf("rows: %v", rows)
	}
}

// What does not fit a column is no figure of it, and is not lost.
func TestWordsInAFiguresCell(t *testing.T) {
	cells := make([]any, len(RunsColumns()))
	at := slices.IndexFunc(RunsColumns(), func(c Column) bool { return c.Name == "jitter_up_ms" })
	cells[0], cells[at], cells[at+1] = "id", "ask Bob", math.NaN()
	data := written(t, NewRuns, workbook.Row{Cells: cells})
	row := tablefile.Rows(t, data)[0]
	if row[at] != nil || row[at+1] != nil || !slices.Contains(row, any(`not read: Jitter up (ms) (it holds "ask Bob")`)) {
		t.Errorf("%v", row)
	}
	if cells[at] != "ask Bob" {
		t.Error("the caller's row was changed")
	}
}

// The writer's error is the file's: nothing is taken for written.
func TestWriteFails(t *testing.T) {
	full := errors.New("no space left on device")
	w := NewRuns(failing{full})
	_ = w.Write(workbook.Row{Cells: []any{"id"}}) // may wait in memory
	if err := w.Close(); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// Each column of the sheet has one name here, and docs/parquet.md lists it.
func TestColumns(t *testing.T) {
	for header, want := range map[string]string{
		"Run ID": "run_id", "Jitter up (ms)": "jitter_up_ms", "Loss down (%)": "loss_down_percent", "Bandwidth up (Mbit/s)": "bandwidth_up_mbps",
		"Duration (s)": "duration_s", "MOS there and back": "mos_there_and_back", "PDV p99 up (ms)": "pdv_p99_up_ms",
	} {
		if got := Name(header); got != want {
			t.Errorf("Name(%q) = %q, want %q", header, got, want)
		}
	}
	seen := map[string]bool{}
	for _, column := range RunsColumns() {
		if seen[column.Name] {
			t.Errorf("two columns are named %s", column.Name)
		}
		seen[column.Name] = true
	}
	const file, begin = "../../docs/parquet.md", "<!-- the columns: go test ./report/parquet -run Columns -update -->\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, old, found := strings.Cut(string(page), begin)
	table := tables()
	if !found || old != table && !*update {
		t.Errorf("docs/parquet.md does not list the columns as they are: go test ./report/parquet -run Columns -update")
	}
	if *update {
		if err := os.WriteFile(file, []byte(text+begin+table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func tables() string {
	var b strings.Builder
	for _, table := range []struct {
		name    string
		columns []Column
	}{{RunsFile, RunsColumns()}, {PortsFile, PortsColumns()}} {
		fmt.Fprintf(&b, "\n## %s\n\n| column | type | in the sheet `Runs` |\n|---|---|---|\n", table.name)
		for _, column := range table.columns {
			header := ""
			if column.Header != "" {
				header = "`" + column.Header + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", column.Name, column.Type, header)
		}
	}
	return b.String()
}
