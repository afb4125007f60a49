package parquet

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"netready/report/workbook"
)

// Bounds of what a Writer keeps in memory until it has written it: a group of rows.
const (
	groupRows  = 20_000
	groupBytes = 16 << 20 // rows of runs have one kilobyte, hostile ones up to a megabyte
	batch      = 64       // rows that are handed over at once
	pageBytes  = 64 << 10 // of a column, before compression
	dictionary = 1 << 20  // bytes of the different texts of a column in a group; with more they are written one by one
)

// A Writer writes one table. Close it: the end of the file says what is in it.
type Writer struct {
	out     *parquet.GenericWriter[any]
	columns []Column
	ports   bool          // the table Ports
	heads   []int         // places of the first columns of Ports in a row of Runs
	pending []parquet.Row // rows that wait to be handed over; the rest of its capacity is used again
	rows    int           // of the group
	bytes   int64         // of the group, as they come in
}

// NewRuns writes the table Runs.
func NewRuns(w io.Writer) *Writer { return newWriter(w, "runs", RunsColumns()) }

// NewPorts writes the table Ports.
func NewPorts(w io.Writer) *Writer {
	t := newWriter(w, "ports", PortsColumns())
	t.ports = true
	headers := workbook.Headers()
	for _, column := range t.columns {
		if column.Header != "" {
			t.heads = append(t.heads, slices.Index(headers, column.Header))
		}
	}
	return t
}

func newWriter(w io.Writer, name string, columns []Column) *Writer {
	return &Writer{
		columns: columns, pending: make([]parquet.Row, 0, batch),
		out: parquet.NewGenericWriter[any](w, schema(name, columns), parquet.Compression(&parquet.Zstd), parquet.PageBufferSize(pageBytes),
			parquet.DataPageVersion(1), parquet.DictionaryMaxBytes(dictionary)), // version 1: what every engine reads
	}
}

// Write adds a run: its row to Runs, or its ports to Ports. The row's Ready is written as
// it stands in Cells: see workbook.Row.Finished.
func (w *Writer) Write(row workbook.Row) error {
	if !w.ports {
		return w.add(w.withWords(row.Cells))
	}
	cells := make([]any, len(w.columns))
	for i, at := range w.heads {
		if at < len(row.Cells) {
			cells[i] = row.Cells[at]
		}
	}
	for _, port := range row.Ports {
		said := [...]any{port.Name, port.Family, port.Status, port.Reason, port.Required}
		copy(cells[len(w.heads):], said[:])
		if err := w.add(cells); err != nil {
			return err
		}
	}
	return nil
}

// withWords keeps what people wrote into the cell of a figure: a column of numbers
// cannot hold it, so it goes to Remarks.
func (w *Writer) withWords(cells []any) []any {
	var words []string
	for i, column := range w.columns[:min(len(w.columns), len(cells))] {
		if text, ok := cells[i].(string); ok && column.Type != String && text != "" {
			words = append(words, fmt.Sprintf("%s %s (it holds %q)", workbook.RemarkUnread, column.Header, text))
		}
	}
	if len(words) == 0 {
		return cells
	}
	row := workbook.Row{Cells: slices.Clone(cells)}
	row.Remark(words...)
	return row.Cells
}

// add takes the cells of one row of the table.
func (w *Writer) add(cells []any) error {
	n := len(w.pending)
	w.pending = w.pending[:n+1]
	row := w.pending[n][:0]
	for i, column := range w.columns {
		value := parquet.NullValue()
		if i < len(cells) {
			value = column.value(cells[i])
		}
		defined := 1
		if value.IsNull() {
			defined = 0
		}
		row = append(row, value.Level(0, defined, i))
		w.bytes += sizeOf(value)
	}
	w.pending[n] = row
	w.rows++
	full := w.bytes >= groupBytes || w.rows >= groupRows
	if len(w.pending) < batch && !full {
		return nil
	}
	if err := w.handOver(); err != nil || !full {
		return err
	}
	w.rows, w.bytes = 0, 0
	return w.out.Flush()
}

// sizeOf is about how many bytes a value takes in memory.
func sizeOf(v parquet.Value) int64 {
	if v.Kind() == parquet.ByteArray {
		return int64(8 + len(v.ByteArray()))
	}
	return 8
}

func (w *Writer) handOver() error {
	_, err := w.out.WriteRows(w.pending)
	w.pending = w.pending[:0]
	return err
}

// Close writes what is left and the end of the file. It does not close the io.Writer.
func (w *Writer) Close() error {
	if err := w.handOver(); err != nil {
		return err
	}
	return w.out.Close()
}

// value is a cell in the type of the column; null where it holds none.
func (c Column) value(cell any) parquet.Value {
	switch v := cell.(type) {
	case float64:
		if c.Type == Double && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return parquet.DoubleValue(v)
		}
	case time.Time:
		if c.Type == Timestamp {
			return parquet.Int64Value(v.UnixMilli())
		}
	case bool:
		if c.Type == Boolean {
			return parquet.BooleanValue(v)
		}
	case nil:
		return parquet.NullValue()
	}
	if c.Type != String {
		return parquet.NullValue()
	}
	text := fmt.Sprint(cell)
	if when, ok := cell.(time.Time); ok {
		text = when.Format(time.RFC3339)
	}
	if text == "" {
		return parquet.NullValue()
	}
	return parquet.ByteArrayValue([]byte(strings.ToValidUTF8(text, "\uFFFD")))
}
