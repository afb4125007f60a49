package report

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// RowCodeColumn is the column of a TXT's row that holds the whole row again, in one word
// that no spreadsheet reads as a number, a date or a formula. Where the decimal sign is
// a comma, a pasted 4.36 becomes a date; the code does not.
const RowCodeColumn = "Row code"

const (
	rowCodePrefix = "row1."
	maxRowCode    = 32_767  // characters: what a cell holds
	maxRowTexts   = 1 << 20 // bytes of a row
)

// rowCode packs the cells of a row: one line for each column, name and text separated by
// a tab, compressed with a checksum (RFC 1950), in base64url. "" if it is too long for a
// cell.
func rowCode(names, cells []string) string {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	for i, cell := range cells {
		if cell != "" {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", names[i], OneLine(cell)) // into memory
		}
	}
	_ = w.Close() // into memory
	code := rowCodePrefix + base64.RawURLEncoding.EncodeToString(packed.Bytes())
	if len(code) > maxRowCode {
		return ""
	}
	return code
}

var rowCodeForm = regexp.MustCompile(`\brow1\.[A-Za-z0-9_-]{20,}`)

// FindRowCode finds a row's code in a cell, which may hold a whole line; "" if there is
// none.
func FindRowCode(cell string) string {
	if !strings.Contains(cell, rowCodePrefix) {
		return ""
	}
	return rowCodeForm.FindString(cell)
}

var errRowCode = errors.New("the Row code is damaged: paste the TXT again, or give the file to netready merge")

// ReadRowCode returns the cells of a row, by the names of their columns: string, float64
// or time.Time. A code that was changed or cut is an error.
func ReadRowCode(code string) (map[string]any, error) {
	text := strings.TrimPrefix(strings.TrimSpace(code), rowCodePrefix)
	packed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(text) > maxRowCode {
		return nil, errRowCode
	}
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errRowCode
	}
	data, err := io.ReadAll(io.LimitReader(r, maxRowTexts+1))
	if err != nil || len(data) > maxRowTexts {
		return nil, errRowCode
	}
	cells := map[string]any{}
	for line := range strings.Lines(string(data)) {
		name, cell, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		cells[name] = cell
	}
	for _, column := range Columns() {
		text, ok := cells[column.Name].(string)
		if !ok {
			continue
		}
		if cells[column.Name], err = parseCell(column, text); err != nil {
			return nil, fmt.Errorf("%w (%w)", errRowCode, err)
		}
	}
	return cells, nil
}
