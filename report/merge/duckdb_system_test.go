//go:build system

package merge

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"netready/internal/duckdb"
	"netready/report/parquet"
	"netready/report/workbook"
)

// DuckDB counts and sums the same in the tables and in the CSV as stands in the
// workbook, and LibreOffice in the CSV.
func TestSystemOthersReadTheSame(t *testing.T) {
	dir := t.TempDir()
	in, list, out := filepath.Join(dir, "in"), filepath.Join(dir, "list.csv"), filepath.Join(dir, "out.xlsx")
	writeCorpus(t, in, 500)
	do(t, Merge{Sources: []string{in}, Out: out, CSV: list, Parquet: dir}, 500)
	figures := []string{"Jitter up (ms)", "Loss down (%)", "MOS up", "RTT avg (ms)", "Duration (s)", "Required ports failed"}
	want := summed(t, out, figures)
	office(t, list, "xlsx")
	if err := os.Rename(filepath.Join(dir, "list.xlsx"), out); err != nil {
		t.Fatal(err)
	}
	if got := sums(rowsOf(t, out, "list"), figures); !alike(got, want) {
		t.Errorf("LibreOffice reads %v in the CSV, want %v", got, want)
	}
	for source, name := range map[string]func(string) string{
		"read_parquet('" + filepath.Join(dir, parquet.RunsFile) + "')": parquet.Name,
		"read_csv('" + list + "')":                                     func(header string) string { return header },
	} {
		ask := fmt.Sprintf("select count(*)::double as n, min(%q)::varchar as first, typeof(min(%q)) as type", name("Started"), name("Started"))
		for i, header := range figures {
			ask += fmt.Sprintf(", sum(%q)::double as s%d", name(header), i)
		}
		row := duckdb.Ask(t, "set timezone = 'UTC'", ask+" from "+source)[0]
		got := []float64{row["n"].(float64)}
		for i := range figures {
			got = append(got, row[fmt.Sprintf("s%d", i)].(float64))
		}
		if !alike(got, want) || row["first"] != "2026-10-01 07:00:00+00" || row["type"] != "TIMESTAMP WITH TIME ZONE" {
			t.Errorf("DuckDB reads %v, from %v (%v) in %s, want %v", got, row["first"], row["type"], source, want)
		}
	}
	ports := duckdb.Ask(t, "select count(*)::integer as n, count(distinct run_id)::integer as runs, sum(required::integer)::integer as required from '"+
		filepath.Join(dir, parquet.PortsFile)+"' where status = 'pass'")[0]
	if passed := 500.0 * 12; ports["n"].(float64) < passed || ports["runs"] != 500.0 {
		t.Errorf("the ports: %v", ports)
	}
}

// summed are the number of rows and the sums of figures in the sheet Runs.
func summed(t *testing.T, name string, figures []string) []float64 {
	t.Helper()
	return sums(rowsOf(t, name, workbook.SheetRuns), figures)
}

func sums(rows [][]string, figures []string) []float64 {
	list := []float64{float64(len(rows) - 1)}
	for _, header := range figures {
		sum := 0.0
		for at, name := range rows[0] {
			if name != header {
				continue
			}
			for _, row := range rows[1:] {
				if at < len(row) {
					number, _ := strconv.ParseFloat(row[at], 64)
					sum += number
				}
			}
		}
		list = append(list, sum)
	}
	return list
}

func alike(a, b []float64) bool {
	for i := range a {
		if len(a) != len(b) || math.Abs(a[i]-b[i]) > 1e-6*math.Abs(b[i]) {
			return false
		}
	}
	return len(a) > 0
}
