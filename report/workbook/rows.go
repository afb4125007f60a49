package workbook

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"sync"

	"github.com/xuri/excelize/v2"

	"netready/internal/scratch"
)

// blockRows is how many rows one processor writes at a time: a megabyte.
const blockRows = 256

// blockText ends a block before that, where people have written novels.
const blockText = 4 << 20 // bytes

// A rowWriter writes the rows of one sheet on all processors. excelize streams
// a sheet in one goroutine, and of a large merge that is half the time; so
// every block of rows is streamed into a workbook of its own, and its XML is
// taken from there.
type rowWriter struct {
	file    *scratch.File
	out     *bufio.Writer
	block   *rowBlock
	next    int // number of the next row in the sheet
	pending []chan *rowBlock
}

// A rowBlock is rows that follow each other, and what they became.
type rowBlock struct {
	first  int             // number of the first row
	cells  []any           // of all rows
	ends   []int           // where each row ends in cells
	text   int             // bytes of the texts in cells
	styled []excelize.Cell // figures among the cells: a block's at once, and used again
	xml    bytes.Buffer
	rows   []byte // in xml
	err    error
}

var rowBlocks = sync.Pool{New: func() any { return &rowBlock{} }}

// newRowWriter starts with the row of the number next.
func newRowWriter(next int) (*rowWriter, error) {
	file, err := scratch.New("rows")
	if err != nil {
		return nil, err
	}
	w := &rowWriter{file: file, out: bufio.NewWriterSize(file, 1<<18), next: next}
	w.startBlock()
	return w, nil
}

func (w *rowWriter) startBlock() {
	w.block, _ = rowBlocks.Get().(*rowBlock)
	w.block.first, w.block.cells, w.block.ends, w.block.text = w.next, w.block.cells[:0], w.block.ends[:0], 0
	w.block.styled = w.block.styled[:0]
}

// buf is where the cells of the next row may be put together.
func (w *rowWriter) buf() []any { return w.block.cells[len(w.block.cells):] }

// figure is a figure with a style, for a cell of the next row.
func (w *rowWriter) figure(style int, value any) *excelize.Cell {
	if len(w.block.styled) == cap(w.block.styled) { // the old ones stay where cells point to them
		w.block.styled = make([]excelize.Cell, 0, 32*blockRows)
	}
	w.block.styled = append(w.block.styled, excelize.Cell{StyleID: style, Value: value})
	return &w.block.styled[len(w.block.styled)-1]
}

// add writes the next row.
func (w *rowWriter) add(cells []any) error {
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
	w.next++
	if len(w.block.ends) < blockRows && w.block.text < blockText {
		return nil
	}
	return w.start()
}

// start gives the block away, and takes the oldest back if enough are under
// way.
func (w *rowWriter) start() error {
	full, done := w.block, make(chan *rowBlock, 1)
	w.pending = append(w.pending, done)
	go func() {
		full.err = full.encode()
		done <- full
	}()
	w.startBlock()
	if len(w.pending) <= min(runtime.GOMAXPROCS(0), 8) { // each takes its megabytes
		return nil
	}
	return w.finish()
}

// finish waits for the oldest block and writes it.
func (w *rowWriter) finish() error {
	done := <-w.pending[0]
	w.pending = w.pending[1:]
	if done.err != nil {
		return done.err
	}
	_, err := w.out.Write(done.rows)
	rowBlocks.Put(done)
	return err
}

// flush writes all that is left.
func (w *rowWriter) flush() error {
	if err := w.start(); err != nil {
		return err
	}
	for len(w.pending) > 0 {
		if err := w.finish(); err != nil {
			return err
		}
	}
	return w.out.Flush()
}

// copyTo copies the rows.
func (w *rowWriter) copyTo(out io.Writer) error {
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{w.file}, make([]byte, 1<<18))
	return err
}

func (w *rowWriter) close() error { return w.file.Close() }

// encode makes the XML of the rows.
func (b *rowBlock) encode() error {
	file := excelize.NewFile()
	defer file.Close()
	stream, err := file.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	s, start := &sheet{StreamWriter: stream, row: b.first - 1}, 0
	for _, end := range b.ends {
		if err := s.add(b.cells[start:end]...); err != nil {
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

// A sheetTaker takes the sheet out of a workbook of one.
type sheetTaker struct{ into *bytes.Buffer }

func (t sheetTaker) Create(name string) (io.Writer, error) {
	if strings.HasPrefix(name, "xl/worksheets/") {
		return t.into, nil
	}
	return io.Discard, nil
}

func (sheetTaker) AddFS(fs.FS) error { return nil }

func (sheetTaker) Close() error { return nil }

// placeholder is an empty row that stands in a sheet for those of a rowWriter:
// the last that a sheet can have, or one before it for the next part.
func placeholder(part int) int { return maxSheetRows - part }

// A joiner puts the rows of rowWriters in the places of their placeholders.
type joiner struct {
	*zip.Writer
	rows   []*rowWriter // by part
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

// Write writes a piece of a sheet. One with a placeholder has nothing but that
// and its head, so that it comes in one piece.
func (p *joinedPart) Write(piece []byte) (int, error) {
	for part, rows := range p.joiner.rows {
		before, after, found := bytes.Cut(piece, fmt.Appendf(nil, `<row r="%d"></row>`, placeholder(part)))
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
