package readback

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	tables "netready/report/parquet"
)

// Mark is what a file says that it was made from; "" if it does not.
func Mark(file io.ReaderAt, size int64) (source string, err error) {
	defer damaged(&err)
	if err := checkEnd(file, size); err != nil {
		return "", err
	}
	f, err := parquet.OpenFile(file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return "", fmt.Errorf("reading Parquet: %w", err)
	}
	source, _ = f.Lookup(tables.MarkKey)
	return source, nil
}
