package ooxml

import (
	"bytes"
	"regexp"
	"slices"
)

// keepOthers has the sheets of others written as they were read. excelize
// would write anew what it has loaded of them; what it does not know would be
// gone.
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

// unselected is a sheet that is not selected: with Summary it would be a group,
// and what is typed into one goes into both.
func unselected(sheet []byte) []byte {
	head, rest := sheet, []byte(nil)
	if at := bytes.Index(sheet, []byte("sheetData")); at >= 0 {
		head, rest = sheet[:at], sheet[at:]
	}
	return slices.Concat(selected.ReplaceAll(head, nil), rest)
}
