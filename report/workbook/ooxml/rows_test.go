package ooxml

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// A block beyond what a stream of excelize keeps in memory (16 MB) comes whole.
func TestABlockOfLongTexts(t *testing.T) {
	long := strings.Repeat("&", excelize.TotalCellChars) // five bytes each in XML
	huge := rowBlock{first: 2}
	for range 120 {
		huge.cells = append(huge.cells, long)
		huge.ends = append(huge.ends, len(huge.cells))
	}
	if err := huge.encode(); err != nil || len(huge.rows) < 16<<20 || bytes.Count(huge.rows, []byte("<row ")) != 120 {
		t.Errorf("%d bytes of rows: %v", len(huge.rows), err)
	}
}

// Of a sheet that comes in pieces the rows are put in place of the placeholder, wherever the
// border of two pieces cuts it.
func TestAPlaceholderAcrossPieces(t *testing.T) {
	w, err := NewRowWriter(2, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Add([]any{"the only row"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	place := fmt.Sprintf(`<row r="%d"></row>`, w.place)
	for before := 1<<18 - longestPlace - 3; before < 1<<18+3; before++ {
		for _, head := range []string{strings.Repeat("x", before), "<row></row>" + strings.Repeat("x", before-11), strings.Repeat("x", before-6) + rowEnd} {
			sheet := head + place + strings.Repeat("y", 1<<18) + rowEnd + "z"
			var out bytes.Buffer
			j := &joiner{rows: []*RowWriter{w}}
			read, err := io.Copy(&joinedPart{&out, j}, struct{ io.Reader }{strings.NewReader(sheet)})
			got := out.String()
			if err != nil || read != int64(len(sheet)) || j.joined != 1 || strings.Contains(got, place) || !strings.HasPrefix(got, head+`<row r="2"`) || !strings.HasSuffix(got, sheet[len(head)+len(place):]) {
				t.Fatalf("behind %d bytes: %d of %d read, %d joined, %v", before, read, len(sheet), j.joined, err)
			}
		}
	}
}

// The blocks of a writer are megabytes, and its sheet is not the last one: what is flushed
// holds none of them.
func TestAFlushedWriterHoldsNoBlocks(t *testing.T) {
	held := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := held()
	w, err := NewRowWriter(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range 20 * BlockRows {
		if err := w.Add([]any{fmt.Sprintf("%d %s", i, strings.Repeat("long text ", 400))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if more := held() - before; more > 1<<20 {
		t.Errorf("%d bytes are held after all is written", more)
	}
	runtime.KeepAlive(w)
}
