package parquet

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"netready/report/workbook"
)

var update = flag.Bool("update", false, "write docs/parquet.md")

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
