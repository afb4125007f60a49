package parquet

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// markKey names the mark among a file's key-value metadata.
const markKey = "netready.source"

// Mark writes into the end of the file what it was made from, for the function Mark
// to read. Call it before Close.
func (w *Writer) Mark(source string) { w.out.SetKeyValueMetadata(markKey, source) }

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
	source, _ = f.Lookup(markKey)
	return source, nil
}
