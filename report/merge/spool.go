package merge

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"netready/internal/scratch"
	"netready/report/workbook"
)

// A spool keeps rows in a temporary file until the workbook is written. Memory
// holds only the place of each row.
type spool struct {
	file *scratch.File
	w    *bufio.Writer
	size int64
	buf  []byte
}

// A slot is the place of a row in the spool.
type slot struct {
	offset int64
	length int32
}

func newSpool() (*spool, error) {
	file, err := scratch.New("merge")
	if err != nil {
		return nil, err
	}
	return &spool{file: file, w: bufio.NewWriterSize(file, 1<<18)}, nil
}

func (s *spool) close() error { return s.file.Close() }

func (s *spool) put(row workbook.Row) (slot, error) {
	s.buf = appendRow(s.buf[:0], row)
	at := slot{s.size, int32(len(s.buf))}
	s.size += int64(len(s.buf))
	if _, err := s.w.Write(s.buf); err != nil {
		return at, fmt.Errorf("writing a temporary file: %w", err)
	}
	return at, nil
}

// get reads a row back. Call flush before.
func (s *spool) get(at slot) (workbook.Row, error) {
	if cap(s.buf) < int(at.length) {
		s.buf = make([]byte, at.length)
	}
	s.buf = s.buf[:at.length]
	if _, err := s.file.ReadAt(s.buf, at.offset); err != nil {
		return workbook.Row{}, fmt.Errorf("reading a temporary file: %w", err)
	}
	return readRow(s.buf)
}

func (s *spool) flush() error {
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("writing a temporary file: %w", err)
	}
	return nil
}

// Kinds of a cell in the spool.
const (
	cellNone byte = iota
	cellText
	cellNumber
	cellTime
	cellTrue
	cellFalse
)

func appendRow(b []byte, row workbook.Row) []byte {
	b = binary.AppendUvarint(b, uint64(row.OldRow))
	b = binary.AppendUvarint(b, uint64(len(row.Cells)))
	for _, cell := range row.Cells {
		b = appendCell(b, cell)
	}
	b = binary.AppendUvarint(b, uint64(len(row.Ports)))
	for _, port := range row.Ports {
		b = appendText(appendText(b, port.Name), port.Family)
		b = appendText(appendText(b, port.Status), port.Reason)
		b = appendCell(b, port.Required)
	}
	return appendExtras(appendExtras(b, row.Extra), row.Styled)
}

func appendExtras(b []byte, list []workbook.ExtraCell) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, extra := range list {
		b = binary.AppendUvarint(b, uint64(extra.Column))
		b = binary.AppendUvarint(b, uint64(extra.Style))
		b = appendCell(appendText(b, extra.Formula), extra.Value)
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendCell(b []byte, cell any) []byte {
	switch v := cell.(type) {
	case string:
		return appendText(append(b, cellText), v)
	case float64:
		return binary.LittleEndian.AppendUint64(append(b, cellNumber), math.Float64bits(v))
	case time.Time:
		return binary.LittleEndian.AppendUint64(append(b, cellTime), uint64(v.UnixMilli()))
	case bool:
		if v {
			return append(b, cellTrue)
		}
		return append(b, cellFalse)
	case nil:
		return append(b, cellNone)
	}
	return appendText(append(b, cellText), fmt.Sprint(cell))
}

var errSpool = errors.New("reading a temporary file: it was changed by another program")

// A rowReader reads the parts of a row. The texts are slices of one string.
type rowReader struct {
	raw  []byte
	data string // the same
	at   int
	err  error
}

func readRow(data []byte) (workbook.Row, error) {
	r := rowReader{raw: data, data: string(data)}
	row := workbook.Row{OldRow: r.count()}
	row.Cells = make([]any, r.length())
	for i := range row.Cells {
		row.Cells[i] = r.cell()
	}
	if n := r.length(); n > 0 {
		row.Ports = make([]workbook.PortCell, n)
		for i := range row.Ports {
			row.Ports[i] = workbook.PortCell{Name: r.text(), Family: r.text(), Status: r.text(), Reason: r.text(), Required: r.cell() == true}
		}
	}
	row.Extra, row.Styled = r.extras(), r.extras()
	return row, r.err
}

func (r *rowReader) extras() []workbook.ExtraCell {
	var list []workbook.ExtraCell
	for range r.length() {
		extra := workbook.ExtraCell{Column: r.count(), Style: r.count(), Formula: r.text()}
		extra.Value = r.cell()
		list = append(list, extra)
	}
	return list
}

// count reads a number; none is larger than the row's bytes could hold.
func (r *rowReader) count() int {
	value, size := binary.Uvarint(r.raw[r.at:])
	if size <= 0 || value > 1<<31 {
		r.err = errors.Join(errSpool, io.ErrUnexpectedEOF)
		return 0
	}
	r.at += size
	return int(value)
}

// length reads how many things follow: none takes less than a byte.
func (r *rowReader) length() int {
	n := r.count()
	if n > len(r.data)-r.at {
		r.err = errSpool
		return 0
	}
	return n
}

func (r *rowReader) text() string { return r.take(r.count()) }

func (r *rowReader) take(n int) string {
	if n > len(r.data)-r.at {
		r.err, n = errSpool, 0
	}
	text := r.data[r.at : r.at+n]
	r.at += n
	return text
}

func (r *rowReader) cell() any {
	kind := r.take(1)
	if kind == "" {
		return nil
	}
	switch kind[0] {
	case cellText:
		return r.text()
	case cellNumber:
		return math.Float64frombits(r.bits())
	case cellTime:
		return time.UnixMilli(int64(r.bits())).UTC()
	case cellTrue:
		return true
	case cellFalse:
		return false
	}
	return nil
}

func (r *rowReader) bits() uint64 {
	if len(r.take(8)) < 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(r.raw[r.at-8:])
}
