// Package readback reads the tables of package report/parquet back. It needs a library that
// reads every kind of Parquet: netready, which only writes them, does without.
package readback

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/parquet-go/parquet-go"

	tables "netready/report/parquet"
	"netready/report/workbook"
)

// batch is how many rows are read at once.
const batch = 64

// mostRows bounds what a file may say of itself. A row of nulls takes no room, so the
// size of the file does not.
const mostRows = 1 << 28

// A Port is one row of the table Ports.
type Port struct {
	RunID, Organization, Machine, Region string
	Started                              time.Time // zero: not known
	workbook.PortCell
}

// Runs reads the table Runs back. Columns that the file lacks are empty; columns that
// this program does not know are passed over.
func Runs(file io.ReaderAt, size int64) iter.Seq2[workbook.Row, error] {
	return func(yield func(workbook.Row, error) bool) {
		for cells, err := range records(file, size, tables.RunsColumns()) {
			if !yield(workbook.Row{Cells: cells}, err) {
				return
			}
		}
	}
}

// Ports reads the table Ports back.
func Ports(file io.ReaderAt, size int64) iter.Seq2[Port, error] {
	return func(yield func(Port, error) bool) {
		for cells, err := range records(file, size, tables.PortsColumns()) {
			port := Port{}
			if err == nil {
				port = portOf(cells)
			}
			if !yield(port, err) {
				return
			}
		}
	}
}

func portOf(cells []any) Port {
	text := func(at int) string { s, _ := cells[at].(string); return s }
	p := Port{RunID: text(0), Organization: text(1), Machine: text(2), Region: text(3)}
	p.Started, _ = cells[4].(time.Time)
	p.Name, p.Family, p.Status, p.Reason = text(5), text(6), text(7), text(8)
	p.Required, _ = cells[9].(bool)
	return p
}

// records yields the rows of a table, a cell for each of columns. The library panics at
// some damaged files.
func records(file io.ReaderAt, size int64, columns []tables.Column) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		r, err := open(file, size, columns)
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.close()
		for {
			rows, err := r.next()
			for _, row := range rows {
				if !yield(r.cells(row), nil) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// A tableReader reads a file of one table.
type tableReader struct {
	rows    *parquet.GenericReader[any]
	columns []tables.Column
	places  []int // in columns, by column of the file; -1: not one of ours
	batch   []parquet.Row
}

func open(file io.ReaderAt, size int64, columns []tables.Column) (r *tableReader, err error) {
	defer damaged(&err)
	if err := checkEnd(file, size); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("reading Parquet: %w", err)
	}
	if f.NumRows() < 0 || f.NumRows() > mostRows {
		return nil, fmt.Errorf("reading Parquet: the file says that it has %d rows: it is damaged", f.NumRows())
	}
	r = &tableReader{rows: parquet.NewGenericReader[any](f), columns: columns, batch: make([]parquet.Row, batch)}
	for _, path := range f.Schema().Columns() {
		place := -1
		if leaf, ok := f.Schema().Lookup(path...); ok && len(path) == 1 {
			place = find(columns, path[0], leaf.Node.Type())
		}
		r.places = append(r.places, place)
	}
	return r, nil
}

// find is the place of a column by its name, if it has the same type; or -1.
func find(columns []tables.Column, name string, has parquet.Type) int {
	for i, column := range columns {
		if column.Name == name && nodeOf(column.Type).Type().String() == has.String() {
			return i
		}
	}
	return -1
}

// nodeOf is a type as the library names it.
func nodeOf(t tables.Type) parquet.Node {
	switch t {
	case tables.Double:
		return parquet.Leaf(parquet.DoubleType)
	case tables.Timestamp:
		return parquet.Timestamp(parquet.Millisecond)
	case tables.Boolean:
		return parquet.Leaf(parquet.BooleanType)
	case tables.String:
	}
	return parquet.String()
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

// damaged makes an error of a panic in the library.
func damaged(err *error) {
	if trouble := recover(); trouble != nil {
		*err = fmt.Errorf("reading Parquet: the file is damaged: %v", trouble)
	}
}

func (r *tableReader) close() { _ = r.rows.Close() } // read only

func (r *tableReader) next() (rows []parquet.Row, err error) {
	defer damaged(&err)
	n, err := r.rows.ReadRows(r.batch)
	return r.batch[:n], err
}

// cells are the values of a row, in the order of our columns.
func (r *tableReader) cells(row parquet.Row) []any {
	cells := make([]any, len(r.columns))
	for _, value := range row {
		at := value.Column()
		if at < 0 || at >= len(r.places) || r.places[at] < 0 || value.IsNull() {
			continue
		}
		place := r.places[at]
		switch r.columns[place].Type {
		case tables.Double:
			cells[place] = value.Double()
		case tables.Timestamp:
			cells[place] = time.UnixMilli(value.Int64()).UTC()
		case tables.Boolean:
			cells[place] = value.Boolean()
		case tables.String:
			cells[place] = string(value.ByteArray())
		}
	}
	return cells
}
