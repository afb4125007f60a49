package parquet

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"netready/report/parquet/flat"
	"netready/report/workbook"
)

// A Writer writes one table. Close it: the end of the file says what is in it.
type Writer struct {
	out     *flat.Writer
	columns []Column
	ports   bool  // the table Ports
	heads   []int // places of the first columns of Ports in a row of Runs
	values  []any // of the row that is written; used again
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
	list := make([]flat.Column, len(columns))
	for i, c := range columns {
		list[i] = flat.Column{Name: c.Name, Type: c.Type}
	}
	return &Writer{columns: columns, values: make([]any, len(columns)), out: flat.NewWriter(w, name, list)}
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
	for i, column := range w.columns {
		w.values[i] = nil
		if i < len(cells) {
			w.values[i] = column.value(cells[i])
		}
	}
	return w.out.Add(w.values)
}

// MarkKey names the mark among a file's key-value metadata.
const MarkKey = "netready.source"

// Mark writes into the end of the file what it was made from, for readback.Mark to read.
// Call it before Close.
func (w *Writer) Mark(source string) { w.out.Note(MarkKey, source) }

// Close writes what is left and the end of the file. It does not close the io.Writer.
func (w *Writer) Close() error { return w.out.Close() }

// value is a cell in the type of the column; nil where it holds none.
func (c Column) value(cell any) any {
	switch v := cell.(type) {
	case float64:
		if c.Type == Double && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v
		}
	case time.Time:
		if c.Type == Timestamp {
			return v.UnixMilli()
		}
	case bool:
		if c.Type == Boolean {
			return v
		}
	case nil:
		return nil
	}
	if c.Type != String {
		return nil
	}
	text := fmt.Sprint(cell)
	if when, ok := cell.(time.Time); ok {
		text = when.Format(time.RFC3339)
	}
	if text == "" {
		return nil
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
