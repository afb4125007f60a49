// Package readback reads back what a table of package report/parquet says of itself. It needs
// a library that reads every kind of Parquet: netready, which only writes, does without.
package readback

import (
	"encoding/binary"
	"errors"
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

// checkEnd makes sure that the file has an end and that this is within the file: its
// length is in the file's last bytes.
func checkEnd(file io.ReaderAt, size int64) error {
	var end [8]byte
	if size < 12 {
		return errors.New("reading Parquet: the file is cut short")
	}
	if _, err := file.ReadAt(end[:], size-8); err != nil {
		return fmt.Errorf("reading Parquet: %w", err)
	}
	if string(end[4:]) != "PAR1" || int64(binary.LittleEndian.Uint32(end[:])) > size-12 {
		return errors.New("reading Parquet: the file is cut short, or it is no Parquet file")
	}
	return nil
}

// damaged makes an error of a panic in the library, which panics at some damaged files.
func damaged(err *error) {
	if trouble := recover(); trouble != nil {
		*err = fmt.Errorf("reading Parquet: the file is damaged: %v", trouble)
	}
}
