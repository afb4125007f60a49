package ooxml

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sort"
	"strings"

	"github.com/xuri/excelize/v2"

	"netready/internal/scratch"
)

// BlockRows is how many rows one processor writes at a time: a megabyte.
const BlockRows = 256

// blockText ends a block earlier where its texts are long, so that the blocks of
// all processors stay within some tens of megabytes.
const blockText = 4 << 20 // bytes

// A RowWriter writes the rows of one sheet on all processors. excelize streams
// a sheet in one goroutine, and of a large merge that is half the time; so
// every block of rows is streamed into a workbook of its own, and its XML is
// taken from there.
type RowWriter struct {
	file    *scratch.File
	out     *bufio.Writer
	block   *rowBlock
	Next    int // number of the next row in the sheet
	place   int // of the row that is a placeholder in the sheet for all of them
	pending []chan *rowBlock
	free    []*rowBlock // written: their memory is used again
}

// A rowBlock is rows that follow each other, and their XML.
type rowBlock struct {
	first int   // number of the first row
	cells []any // of all rows
	ends  []int // where each row ends in cells
	text  int   // bytes of the texts in cells
	xml   bytes.Buffer
	rows  []byte // in xml
	err   error
}

// NewRowWriter starts with the row of the number next. part tells apart the
// sheets of one workbook that are written so.
func NewRowWriter(next, part int) (*RowWriter, error) {
	file, err := scratch.New("rows")
	if err != nil {
		return nil, err
	}
	w := &RowWriter{file: file, out: bufio.NewWriterSize(file, 1<<18), Next: next, place: excelize.TotalRows - part}
	w.startBlock()
	return w, nil
}

func (w *RowWriter) startBlock() {
	w.block = &rowBlock{}
	if last := len(w.free) - 1; last >= 0 {
		w.block, w.free = w.free[last], w.free[:last]
	}
	w.block.first, w.block.cells, w.block.ends, w.block.text = w.Next, w.block.cells[:0], w.block.ends[:0], 0
}

// Buf is where the cells of the next row may be put together.
func (w *RowWriter) Buf() []any { return w.block.cells[len(w.block.cells):] }

// Add writes the next row.
func (w *RowWriter) Add(cells []any) error {
	w.block.cells = append(w.block.cells, cells...)
	w.block.ends = append(w.block.ends, len(w.block.cells))
	for _, cell := range cells {
		if styled, ok := cell.(excelize.Cell); ok {
			cell = styled.Value
		}
		if text, ok := cell.(string); ok {
			w.block.text += len(text)
		}
	}
	w.Next++
	if len(w.block.ends) < BlockRows && w.block.text < blockText {
		return nil
	}
	return w.start()
}

// start encodes the block in a goroutine, and writes the oldest block if enough of
// them are being encoded.
func (w *RowWriter) start() error {
	full, done := w.block, make(chan *rowBlock, 1)
	w.pending = append(w.pending, done)
	go func() {
		full.err = full.encode()
		done <- full
	}()
	w.startBlock()
	if len(w.pending) <= min(runtime.GOMAXPROCS(0), 8) { // each takes some megabytes
		return nil
	}
	return w.finish()
}

// finish waits for the oldest block and writes it.
func (w *RowWriter) finish() error {
	done := <-w.pending[0]
	w.pending = w.pending[1:]
	if done.err != nil {
		return done.err
	}
	_, err := w.out.Write(done.rows)
	w.free = append(w.free, done)
	return err
}

// Flush writes all that is left, and nothing can be added after it. It gives the memory of
// the blocks back: the sheets of a workbook are written one after the other, and their
// writers live until it is whole.
func (w *RowWriter) Flush() error {
	if err := w.start(); err != nil {
		return err
	}
	for len(w.pending) > 0 {
		if err := w.finish(); err != nil {
			return err
		}
	}
	w.block, w.free = nil, nil
	return w.out.Flush()
}

// copyTo copies the rows.
func (w *RowWriter) copyTo(out io.Writer) error {
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{w.file}, make([]byte, 1<<18))
	return err
}

// Close removes the temporary file.
func (w *RowWriter) Close() error { return w.file.Close() }

// encode makes the XML of the rows.
func (b *rowBlock) encode() error {
	file := excelize.NewFile()
	defer file.Close()
	stream, err := file.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	start := 0
	for i, end := range b.ends {
		FitTexts(b.cells[start:end])
		if err := stream.SetRow(CellName(1, b.first+i), b.cells[start:end]); err != nil {
			return err
		}
		start = end
	}
	if err := stream.Flush(); err != nil {
		return err
	}
	b.xml.Reset()
	file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return sheetTaker{&b.xml} })
	if err := file.Write(io.Discard); err != nil {
		return err
	}
	_, rest, started := bytes.Cut(b.xml.Bytes(), []byte("<sheetData>"))
	rows, _, ended := bytes.Cut(rest, []byte("</sheetData>"))
	if !started || !ended {
		return errors.New("the rows are not where they should be in the sheet's XML")
	}
	b.rows = rows
	return nil
}

// A sheetTaker keeps the only sheet of a workbook, and drops its other parts.
type sheetTaker struct{ into *bytes.Buffer }

func (t sheetTaker) Create(name string) (io.Writer, error) {
	if strings.HasPrefix(name, "xl/worksheets/") {
		return t.into, nil
	}
	return io.Discard, nil
}

func (sheetTaker) AddFS(fs.FS) error { return nil }

func (sheetTaker) Close() error { return nil }

// StandIn writes a placeholder for the rows into the sheet: an empty row with the
// last number that a sheet can have, or one less for each further part. It is no
// method: the linker keeps what the methods of a type name, and would bring all of
// excelize along, 3 MB that calculate formulas.
func StandIn(w *RowWriter, stream *excelize.StreamWriter) error {
	return stream.SetRow(CellName(1, w.place), nil)
}

// WriteTo writes a workbook straight to out, with the rows in their sheets:
// excelize would hold the whole file in memory first.
func WriteTo(file *excelize.File, out io.Writer, rows []*RowWriter) error {
	if types := file.ContentTypes; types != nil { // excelize adds them in the order of a map
		sort.Slice(types.Defaults, func(i, j int) bool { return types.Defaults[i].Extension < types.Defaults[j].Extension })
	}
	zw := &joiner{Writer: newFastZip(out), rows: rows}
	file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zw })
	if err := file.Write(out); err != nil {
		return fmt.Errorf("writing the workbook: %w", err)
	}
	if zw.joined != len(rows) {
		return errors.New("writing the workbook: the placeholder of the rows is missing in it")
	}
	return nil
}

// A joiner puts the rows of RowWriters in the places of their placeholders.
type joiner struct {
	*zip.Writer
	rows   []*RowWriter // by part
	joined int
}

func (j *joiner) Create(name string) (io.Writer, error) {
	part, err := j.Writer.Create(name)
	if err != nil || !strings.HasPrefix(name, "xl/worksheets/") {
		return part, err
	}
	return &joinedPart{part, j}, nil
}

type joinedPart struct {
	out    io.Writer
	joiner *joiner
}

// longestPlace is more bytes than a placeholder has.
const longestPlace = 64

// ReadFrom writes a sheet that grew so large that excelize keeps it in a file, and that would
// come in pieces from there. A placeholder may lie across the border of two pieces, so a
// piece is written only as far as none can have begun that has not ended.
func (p *joinedPart) ReadFrom(from io.Reader) (read int64, err error) {
	piece, held := make([]byte, 1<<18), 0
	for {
		n, err := io.ReadFull(from, piece[held:])
		read += int64(n)
		here := piece[:held+n]
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			_, err = p.Write(here)
			return read, err
		}
		if err != nil {
			return read, err
		}
		whole := max(len(here)-longestPlace, bytes.LastIndex(here, []byte(rowEnd))+len(rowEnd))
		if _, err := p.Write(here[:whole]); err != nil {
			return read, err
		}
		held = copy(piece, here[whole:])
	}
}

// rowEnd ends a row, and so a placeholder.
const rowEnd = "</row>"

// Write writes a part of a sheet, with at most one placeholder, and that whole.
func (p *joinedPart) Write(piece []byte) (int, error) {
	for _, rows := range p.joiner.rows {
		before, after, found := bytes.Cut(piece, fmt.Appendf(nil, `<row r="%d">`+rowEnd, rows.place))
		if !found {
			continue
		}
		p.joiner.joined++
		if _, err := p.out.Write(before); err != nil {
			return 0, err
		}
		if err := rows.copyTo(p.out); err != nil {
			return 0, err
		}
		if _, err := p.out.Write(after); err != nil {
			return 0, err
		}
		return len(piece), nil
	}
	return p.out.Write(piece)
}
