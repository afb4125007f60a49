package ooxml

import (
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// MoveBehind puts a sheet after another. excelize's own function fails at a sheet
// that is a chart. It also leaves each name of a single sheet with the number of
// that sheet, so that people's print areas would pass to the neighbour.
func MoveBehind(file *excelize.File, name, other string) {
	settle := localNames(file)
	sheets := file.WorkBook.Sheets.Sheet
	from := Place(file, name)
	moved := sheets[from]
	sheets = slices.Delete(sheets, from, from+1)
	file.WorkBook.Sheets.Sheet = sheets
	file.WorkBook.Sheets.Sheet = slices.Insert(sheets, Place(file, other)+1, moved)
	settle()
}

// Place is the position of a sheet in the workbook.
func Place(file *excelize.File, name string) int {
	return slices.IndexFunc(file.GetSheetList(), func(sheet string) bool { return strings.EqualFold(sheet, name) })
}

// localNames notes which sheet each name of a single sheet belongs to; settle
// writes that down again once sheets have moved.
func localNames(file *excelize.File) (settle func()) {
	if file.WorkBook.DefinedNames == nil {
		return func() {}
	}
	names := file.WorkBook.DefinedNames.DefinedName
	before := file.GetSheetList()
	owners := make([]string, len(names))
	for i, name := range names {
		if at := name.LocalSheetID; at != nil && *at >= 0 && *at < len(before) {
			owners[i] = before[*at]
		}
	}
	return func() {
		for i, owner := range owners {
			if at := Place(file, owner); owner != "" && at >= 0 {
				names[i].LocalSheetID = &at
			}
		}
	}
}
