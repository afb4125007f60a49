// Package tablefile reads, for tests, what netready has written as Parquet.
package tablefile

import (
	"bytes"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Rows are the rows of a table, each with its cells in the order of the columns: string,
// float64, bool, time.Time (UTC) or nil.
func Rows(tb testing.TB, data []byte) [][]any {
	tb.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatalf("reading Parquet: %v", err)
	}
	rows := make([]parquet.Row, file.NumRows())
	if n, err := parquet.NewGenericReader[any](file).ReadRows(rows); n < len(rows) {
		tb.Fatalf("%d rows of %d: %v", n, len(rows), err)
	}
	all := make([][]any, 0, len(rows))
	for _, row := range rows {
		cells := make([]any, 0, len(row))
		for _, value := range row {
			cells = append(cells, cell(value))
		}
		all = append(all, cells)
	}
	return all
}

func cell(value parquet.Value) any {
	if value.IsNull() {
		return nil
	}
	switch value.Kind() {
	case parquet.Boolean:
		return value.Boolean()
	case parquet.Double:
		return value.Double()
	case parquet.Int64: // the one that we write is a time
		return time.UnixMilli(value.Int64()).UTC()
	default:
		return string(value.ByteArray())
	}
}
