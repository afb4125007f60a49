//go:build system

package flat

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"netready/internal/duckdb"
	"netready/internal/seed"
)

// DuckDB counts, sums and finds the same as the rows that were written, over several groups
// and pages, in texts by dictionary and without one.
func TestSystemDuckDBReadsWhatIsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 1))
	for _, known := range []bool{true, false} {
		rows := madeUp(r, 45_000, known)
		name := filepath.Join(t.TempDir(), "table.parquet")
		if err := os.WriteFile(name, written(t, fourColumns, rows), 0o600); err != nil {
			t.Fatal(err)
		}
		want := duckdb.Row{"n": 45_000.0, "texts": 0.0, "letters": 0.0, "figures": 0.0, "later": 0.0, "yes": 0.0, "type": "TIMESTAMP WITH TIME ZONE"}
		for _, row := range rows {
			if text, ok := row[0].(string); ok {
				want["texts"] = want["texts"].(float64) + 1
				want["letters"] = want["letters"].(float64) + float64(len(text))
			}
			if figure, ok := row[1].(float64); ok && figure > 1 {
				want["figures"] = want["figures"].(float64) + 1
			}
			if when, ok := row[2].(int64); ok && when > 1_700_000_000_000 {
				want["later"] = want["later"].(float64) + 1
			}
			if row[3] == true {
				want["yes"] = want["yes"].(float64) + 1
			}
		}
		got := duckdb.Ask(t, `select count(*)::integer as n, count(text)::integer as texts, coalesce(sum(octet_length(encode(text))), 0)::integer as letters,
			count(*) filter (figure > 1)::integer as figures, count(*) filter ("when" > to_timestamp(1700000000))::integer as later,
			count(*) filter ("is")::integer as yes, typeof(min("when")) as type from '`+name+`'`)[0]
		if !reflect.DeepEqual(got, want) {
			t.Errorf("DuckDB reads %v, want %v", got, want)
		}
	}
}
