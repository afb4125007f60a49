package ooxml

import (
	"bytes"
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
