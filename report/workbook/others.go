package workbook

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// keepOthers has the sheets of others written as they were read. excelize
// would write anew what it has loaded of them; what it does not know would be
// gone.
func (o *Old) keepOthers() {
	for _, sheet := range o.file.WorkBook.Sheets.Sheet {
		part := o.part(sheet.Name)
		content, ok := o.file.Pkg.Load(part)
		data, isBytes := content.([]byte)
		if o.isOurs(sheet.Name) || !ok || !isBytes {
			continue
		}
		o.file.Sheet.Delete(part)
		o.file.Pkg.Store(part, unselected(data))
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

// moveBehind puts a sheet after another. excelize's own way fails at a sheet
// that is a chart, and leaves the names of single sheets with whatever sheet
// stands at their number now: people's print areas would be their neighbour's.
func (b *book) moveBehind(name, other string) {
	settle := b.localNames()
	sheets := b.file.WorkBook.Sheets.Sheet
	from := b.place(name)
	moved := sheets[from]
	sheets = slices.Delete(sheets, from, from+1)
	b.file.WorkBook.Sheets.Sheet = sheets
	b.file.WorkBook.Sheets.Sheet = slices.Insert(sheets, b.place(other)+1, moved)
	settle()
}

// place is where a sheet stands.
func (b *book) place(name string) int {
	return slices.IndexFunc(b.file.GetSheetList(), func(sheet string) bool { return strings.EqualFold(sheet, name) })
}

// localNames notes which sheet each name of a single sheet belongs to; settle
// writes that down again once sheets have moved.
func (b *book) localNames() (settle func()) {
	if b.file.WorkBook.DefinedNames == nil {
		return func() {}
	}
	names := b.file.WorkBook.DefinedNames.DefinedName
	before := b.file.GetSheetList()
	owners := make([]string, len(names))
	for i, name := range names {
		if at := name.LocalSheetID; at != nil && *at >= 0 && *at < len(before) {
			owners[i] = before[*at]
		}
	}
	return func() {
		for i, owner := range owners {
			if at := b.place(owner); owner != "" && at >= 0 {
				names[i].LocalSheetID = &at
			}
		}
	}
}
