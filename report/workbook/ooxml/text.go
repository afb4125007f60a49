package ooxml

import (
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// FitTexts makes the texts among cells fit.
func FitTexts(cells []any) {
	for i, cell := range cells {
		switch value := cell.(type) {
		case string:
			if fit := Text(value); fit != value {
				cells[i] = fit
			}
		case excelize.Cell:
			if text, ok := value.Value.(string); ok {
				if fit := Text(text); fit != text {
					value.Value = fit
					cells[i] = value
				}
			}
		}
	}
}

// Text makes a string fit into a cell: no characters that XML forbids, at
// most 32,767 UTF-16 units, the cut said.
func Text(s string) string {
	if len(s) <= excelize.TotalCellChars && isPlain(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r >= ' ' && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD && r != utf8.RuneError, r >= 0x10000:
			return r
		case r == '\r':
			return -1
		}
		return '\uFFFD'
	}, s)
	const cut = " … (cut: a cell holds no more)"
	units := 0
	for i, r := range s {
		if units++; r >= 0x10000 {
			units++
		}
		if units > excelize.TotalCellChars {
			for back := len(cut); back > 0 && i > 0; back-- {
				_, size := utf8.DecodeLastRuneInString(s[:i])
				i -= size
			}
			return s[:i] + cut
		}
	}
	return s
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// CellName is A1 for column 1, row 1.
func CellName(column, row int) string {
	name, _ := excelize.CoordinatesToCellName(column, row) // out of range only beyond XFD
	return name
}

// ColumnName is A for column 1.
func ColumnName(column int) string {
	name, _ := excelize.ColumnNumberToName(column)
	return name
}
