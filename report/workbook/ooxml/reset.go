package ooxml

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	sheetBegin = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">`
	emptySheet    = sheetBegin + `<sheetData/></worksheet>`
	selectedSheet = sheetBegin + `<sheetViews><sheetView tabSelected="1" workbookViewId="0"/></sheetViews><sheetData/></worksheet>`
)

// Reset empties our sheets and leaves them in their places, so that the sheets of
// others, the order, and whatever refers to ours by name stay as they were. It
// works on the parts of the file: loading a sheet of 100,000 rows only to empty it
// would take gigabytes. It selects one sheet, and deletes those of without.
func (e *Edition) Reset(selected string, without []string) error {
	gone := map[string]bool{}
	for _, name := range e.ours {
		part := e.from.Part(name)
		if part == "" {
			continue
		}
		e.remove(part, gone)
		e.Sheet.Delete(part)
		content := emptySheet
		if name == selected {
			content = selectedSheet
		}
		e.Pkg.Store(part, []byte(content))
	}
	e.dropCalcChain(gone)
	e.forgetTypes(gone)
	e.pad()
	for _, name := range without {
		if err := e.DeleteSheet(name); err != nil {
			return fmt.Errorf("emptying sheet %s: %w", name, err)
		}
	}
	return nil
}

// remove deletes what belongs to a part alone: tables, drawings with their charts,
// comments. Pictures may be shared, so they stay.
func (e *Edition) remove(part string, gone map[string]bool) {
	rels, _ := e.from.Relations(part) // read to their end before
	for _, rel := range rels {
		target := rel.Part(part)
		if rel.Mode == "External" || rel.Kind() == "image" || gone[target] {
			continue
		}
		gone[target] = true
		e.remove(target, gone)
		e.Pkg.Delete(target)
		e.Drawings.Delete(target)
	}
	e.Pkg.Delete(relationsPath(part))
	e.Relationships.Delete(relationsPath(part))
}

var calcChainRelation = regexp.MustCompile(`<Relationship [^>]*relationships/calcChain"[^>]*(/>|>\s*</Relationship>)`)

// dropCalcChain removes Excel's notes on the order of computing: they name
// cells that are about to change, and Excel makes new ones.
func (e *Edition) dropCalcChain(gone map[string]bool) {
	const rels = "xl/_rels/workbook.xml.rels"
	gone["xl/calcChain.xml"] = true
	e.CalcChain = nil
	e.Pkg.Delete("xl/calcChain.xml")
	if content, ok := e.Pkg.Load(rels); ok {
		data, _ := content.([]byte)
		e.Pkg.Store(rels, calcChainRelation.ReplaceAll(data, nil))
		e.Relationships.Delete(rels) // read again from the line above
	}
}

const padMark = "padding"

// pad makes excelize number new drawings, charts and tables after all that the
// sheets of others have. excelize counts the parts, so with a gap in their numbers
// it would overwrite one of them.
func (e *Edition) pad() {
	for _, kind := range []string{"xl/charts/chart", "xl/drawings/drawing", "xl/tables/table"} {
		count, highest := 0, 0
		e.Pkg.Range(func(key, _ any) bool {
			name, _ := key.(string)
			if number, ok := strings.CutPrefix(name, kind); ok {
				count++
				n, _ := strconv.Atoi(strings.TrimSuffix(number, ".xml"))
				highest = max(highest, n)
			}
			return true
		})
		if kind == "xl/tables/table" && highest > 0 {
			e.Pkg.Store(fmt.Sprintf("%s%s.xml", kind, padMark), fmt.Appendf(nil, `<table xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" id="%d"/>`, highest))
			continue
		}
		for i := count; i < highest; i++ {
			e.Pkg.Store(fmt.Sprintf("%s%s%d.xml", kind, padMark, i), []byte("<padding/>"))
		}
	}
}

// Tidy removes the padding, makes excelize write the sheets of others as they were
// read, and keeps it from writing our old sheets, which it holds in temporary
// files, in addition to the new ones.
func (e *Edition) Tidy() {
	e.Pkg.Range(func(key, _ any) bool {
		if name, _ := key.(string); strings.Contains(name, padMark) {
			e.Pkg.Delete(key)
		}
		return true
	})
	for _, sheet := range e.WorkBook.Sheets.Sheet {
		part := e.from.Part(sheet.Name) // none of a sheet that was missing
		if _, ok := e.Pkg.Load(part); !ok && part != "" && e.isOurs(sheet.Name) {
			e.Pkg.Store(part, []byte{})
		}
	}
	e.dropSharedStrings()
	e.keepOthers()
}

// dropSharedStrings removes the table of shared texts where the workbook had
// none: excelize makes one when it looks for it.
func (e *Edition) dropSharedStrings() {
	const part = "xl/sharedStrings.xml"
	rels, _ := e.from.Relations(workbookPart) // read to their end before
	for _, rel := range rels {
		if rel.Kind() == "sharedStrings" {
			return
		}
	}
	e.SharedStrings = nil
	e.Pkg.Delete(part)
	e.forgetTypes(map[string]bool{part: true})
}

// forgetTypes removes parts from the list that says of which type each part is.
// The elements' own type has no name outside excelize.
func (e *Edition) forgetTypes(gone map[string]bool) {
	for i, override := range slices.Backward(e.ContentTypes.Overrides) {
		if gone[strings.TrimPrefix(override.PartName, "/")] {
			e.ContentTypes.Overrides = slices.Delete(e.ContentTypes.Overrides, i, i+1)
		}
	}
}
