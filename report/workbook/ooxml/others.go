package ooxml

import (
	"bytes"
	"regexp"
	"slices"
)

// keepOthers makes excelize write the sheets of others as they were read. Without
// it, excelize writes what it has loaded of them, and drops what it does not know.
func (e *Edition) keepOthers() {
	for _, sheet := range e.WorkBook.Sheets.Sheet {
		part := e.from.Part(sheet.Name)
		content, ok := e.Pkg.Load(part)
		data, isBytes := content.([]byte)
		if e.isOurs(sheet.Name) || !ok || !isBytes {
			continue
		}
		e.Sheet.Delete(part)
		e.Pkg.Store(part, unselected(data))
	}
}

var selected = regexp.MustCompile(`\stabSelected="(?:1|true)"`)

// unselected is a sheet that is not selected. Two selected sheets are a group, and
// what people type into one goes into the other too.
func unselected(sheet []byte) []byte {
	head, rest := sheet, []byte(nil)
	if at := bytes.Index(sheet, []byte("sheetData")); at >= 0 {
		head, rest = sheet[:at], sheet[at:]
	}
	return slices.Concat(selected.ReplaceAll(head, nil), rest)
}
