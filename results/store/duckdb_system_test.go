//go:build system

package store

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/xuri/excelize/v2"

	"netready/internal/duckdb"
	"netready/report/merge"
	"netready/report/workbook"
)

// TestDuckDBReadsTheStoreInPlace: the results and the tables give the same counts and
// sums, in all and for each organisation, as the workbook that merge makes of the store.
func TestDuckDBReadsTheStoreInPlace(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	orgs := []string{"ACME", "Łódź & Co=50%", "a/b"}
	for n := range 150 {
		put(t, s, orgs[n%3], day.AddDate(0, 0, n/60), n, []string{"eu-central-1", "us-east-1"}[n%2])
	}
	compact(t, s, 9)
	out := filepath.Join(t.TempDir(), "all.xlsx")
	if _, err := (merge.Merge{Sources: []string{filepath.Join(dir, objectFolder)}, Out: out}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := workbookSums(t, out, "Loss up (%)", "Jitter up (ms)", "Required ports failed")
	runs := "read_parquet('" + dir + "/parquet/runs/**/*.parquet', hive_partitioning = true)"
	ports := "read_parquet('" + dir + "/parquet/ports/**/*.parquet', hive_partitioning = true)"
	objects := "read_json('" + dir + "/v1/**/*.json', hive_partitioning = true)"
	for source, query := range map[string]string{
		"tables":  "select count(*)::integer as n, sum(loss_up_percent) as a, sum(jitter_up_ms) as b, sum(required_ports_failed) as c from " + runs,
		"ports":   "select count(distinct run_id)::integer as n, " + fmt.Sprint(want[1]) + "::double as a, " + fmt.Sprint(want[2]) + "::double as b, count(*) filter (required and status = 'fail')::double as c from " + ports,
		"results": "select count(*)::integer as n, sum(voice.up.loss_percent)::double as a, sum(voice.up.jitter_ms)::double as b, sum(len(list_filter(firewall, lambda p: p.required and p.status = 'fail')))::double as c from " + objects,
	} {
		row := duckdb.Ask(t, query)[0]
		if got := []float64{row["n"].(float64), row["a"].(float64), row["b"].(float64), row["c"].(float64)}; !slices.Equal(got, want) {
			t.Errorf("%s: DuckDB reads %v, want %v as in the workbook", source, got, want)
		}
	}
	for _, source := range []string{runs, ports, objects} {
		byOrg := map[string]float64{}
		for _, row := range duckdb.Ask(t, "select org, count(distinct run_id)::integer as n from "+source+" group by org") {
			byOrg[row["org"].(string)] = row["n"].(float64)
		}
		if want := map[string]float64{orgs[0]: 50, orgs[1]: 50, orgs[2]: 50}; !maps.Equal(byOrg, want) {
			t.Errorf("%s: by organisation %v, want %v", source, byOrg, want)
		}
	}
	if n := duckdb.Ask(t, "select count(*)::integer as n from "+runs+" where date = '2026-11-02' and region = 'eu-central-1'")[0]["n"]; n != 30.0 {
		t.Errorf("%v runs of a day and region, want 30", n)
	}
}

// workbookSums are the number of runs in a workbook, and the sums of columns.
func workbookSums(t *testing.T, name string, headers ...string) []float64 {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(workbook.SheetRuns, excelize.Options{RawCellValue: true})
	if err != nil || len(rows) < 2 {
		t.Fatal(len(rows), err)
	}
	sums := []float64{float64(len(rows) - 1)}
	for _, header := range headers {
		at, sum := slices.Index(rows[0], header), 0.0
		for _, row := range rows[1:] {
			if at >= 0 && at < len(row) {
				n, _ := strconv.ParseFloat(row[at], 64)
				sum += n
			}
		}
		sums = append(sums, sum)
	}
	return sums
}
