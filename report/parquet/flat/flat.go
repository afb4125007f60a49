// Package flat writes a table whose columns are plain values that may be null as a file of
// Apache Parquet: https://parquet.apache.org/docs/file-format/. A library that writes every
// kind of Parquet makes a program 6 MB larger; this one writes one kind, which every engine
// reads: pages of version 1, compressed with gzip, texts by dictionary.
//
// Numbers in comments are the clauses of parquet-format: format/parquet.thrift names the
// fields, Encodings.md the encodings.
package flat

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// A Type is the type of a column, as Parquet names it.
type Type string

// The types, and what a cell of each is in Go. Any cell may be nil: null.
const (
	String    Type = "STRING"    // string, in UTF-8
	Double    Type = "DOUBLE"    // float64, no NaN
	Timestamp Type = "TIMESTAMP" // int64: UTC, milliseconds since 1970
	Boolean   Type = "BOOLEAN"   // bool
)

// A Column is one column of the table.
type Column struct {
	Name string
	Type Type
}

// Bounds of what a Writer keeps in memory until it has written it: a group of rows.
const (
	groupRows  = 20_000
	groupBytes = 16 << 20 // as they come in, where a null has one
	pageBytes  = 64 << 10 // of a column, before compression; a longer text has a page of its own
	dictionary = 1 << 20  // bytes of the different texts of a column in a group; with more they are written one by one
)

// magic is at both ends of a file.
const magic = "PAR1"

// A Writer writes one table. Close it: the end of the file says what is in it.
type Writer struct {
	out     io.Writer
	offset  int64 // in the file
	err     error // the first of writing; nothing is written after it
	table   string
	columns []*column
	rows    int // of the group that waits
	bytes   int // of it
	groups  []group
	notes   [][2]string
	packer  *gzip.Writer
	packed  bytes.Buffer
}

// NewWriter begins a file.
func NewWriter(out io.Writer, table string, columns []Column) *Writer {
	w := &Writer{out: out, table: table, packer: gzip.NewWriter(nil)}
	for _, c := range columns {
		w.columns = append(w.columns, &column{Column: c, places: map[string]uint32{}})
	}
	w.write([]byte(magic))
	return w
}

// Add adds a row. Cells that are missing at its end are null.
func (w *Writer) Add(cells []any) error {
	for i, c := range w.columns {
		var cell any
		if i < len(cells) {
			cell = cells[i]
		}
		n, ok := c.add(cell)
		if !ok && w.err == nil {
			w.err = fmt.Errorf("writing Parquet: column %s (%s) cannot hold a %T", c.Name, c.Type, cell)
		}
		w.bytes += n
	}
	w.rows++
	if w.bytes >= groupBytes || w.rows >= groupRows {
		w.flush()
	}
	return w.err
}

// Note adds a text to what the file says of itself (its key-value metadata). Call it before Close.
func (w *Writer) Note(key, value string) { w.notes = append(w.notes, [2]string{key, value}) }

// Close writes what is left and the end of the file. It does not close the io.Writer.
func (w *Writer) Close() error {
	if w.rows > 0 {
		w.flush()
	}
	w.write(w.footer())
	return w.err
}

// flush writes the rows that wait as a group.
func (w *Writer) flush() {
	g := group{rows: w.rows, offset: w.offset}
	for _, c := range w.columns {
		g.chunks = append(g.chunks, w.chunk(c))
		c.reset()
	}
	w.groups = append(w.groups, g)
	w.rows, w.bytes = 0, 0
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.out.Write(b)
	w.offset += int64(n)
	if err != nil {
		w.err = fmt.Errorf("writing Parquet: %w", err)
	}
}
