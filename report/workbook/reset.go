package workbook

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

// reset empties our sheets where they are, so that the sheets of others, the
// order, and whatever refers to ours by name stay as they were. It works on
// the parts of the file: loading a sheet of 100,000 rows only to empty it
// would take gigabytes.
func (o *Old) reset() error {
	ours := append(derivedSheets(), o.runs...)
	gone := map[string]bool{}
	for _, name := range ours {
		part := o.part(name)
		if part == "" {
			continue
		}
		o.remove(part, gone)
		o.file.Sheet.Delete(part)
		content := emptySheet
		if name == SheetSummary {
			content = selectedSheet
		}
		o.file.Pkg.Store(part, []byte(content))
	}
	o.dropCalcChain(gone)
	for i := 0; i < len(o.file.ContentTypes.Overrides); {
		if gone[strings.TrimPrefix(o.file.ContentTypes.Overrides[i].PartName, "/")] {
			o.file.ContentTypes.Overrides = slices.Delete(o.file.ContentTypes.Overrides, i, i+1)
			continue
		}
		i++
	}
	o.pad()
	for _, name := range o.runs[1:] {
		if err := o.file.DeleteSheet(name); err != nil {
			return fmt.Errorf("emptying sheet %s: %w", name, err)
		}
	}
	return nil
}

// remove takes away what belongs to a part alone: tables, drawings with
// their charts, comments. Pictures may be shared, so they stay.
func (o *Old) remove(part string, gone map[string]bool) {
	rels, _ := o.pack.relations(part) // read to their end before
	for _, rel := range rels {
		target := rel.part(part)
		if rel.Mode == "External" || rel.kind() == "image" || gone[target] {
			continue
		}
		gone[target] = true
		o.remove(target, gone)
		o.file.Pkg.Delete(target)
		o.file.Drawings.Delete(target)
	}
	o.file.Pkg.Delete(relationsPath(part))
	o.file.Relationships.Delete(relationsPath(part))
}

var calcChainRelation = regexp.MustCompile(`<Relationship [^>]*relationships/calcChain"[^>]*(/>|>\s*</Relationship>)`)

// dropCalcChain removes Excel's notes on the order of computing: they name
// cells that are about to change, and Excel makes them anew.
func (o *Old) dropCalcChain(gone map[string]bool) {
	const rels = "xl/_rels/workbook.xml.rels"
	gone["xl/calcChain.xml"] = true
	o.file.CalcChain = nil
	o.file.Pkg.Delete("xl/calcChain.xml")
	if content, ok := o.file.Pkg.Load(rels); ok {
		data, _ := content.([]byte)
		o.file.Pkg.Store(rels, calcChainRelation.ReplaceAll(data, nil))
		o.file.Relationships.Delete(rels) // read again from the line above
	}
}

const padMark = "padding"

// pad lets excelize number new drawings, charts and tables behind all that
// others' sheets have: it counts parts, and a gap in their numbers would make
// it write over one.
func (o *Old) pad() {
	for _, kind := range []string{"xl/charts/chart", "xl/drawings/drawing", "xl/tables/table"} {
		count, highest := 0, 0
		o.file.Pkg.Range(func(key, _ any) bool {
			name, _ := key.(string)
			if number, ok := strings.CutPrefix(name, kind); ok {
				count++
				n, _ := strconv.Atoi(strings.TrimSuffix(number, ".xml"))
				highest = max(highest, n)
			}
			return true
		})
		if kind == "xl/tables/table" && highest > 0 {
			o.file.Pkg.Store(fmt.Sprintf("%s%s.xml", kind, padMark), fmt.Appendf(nil, `<table xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" id="%d"/>`, highest))
			continue
		}
		for i := count; i < highest; i++ {
			o.file.Pkg.Store(fmt.Sprintf("%s%s%d.xml", kind, padMark, i), []byte("<padding/>"))
		}
	}
}

// tidy takes the padding away again, and keeps excelize from writing our old
// sheets, which it holds in temporary files, beside the new ones.
func (o *Old) tidy() {
	o.file.Pkg.Range(func(key, _ any) bool {
		if name, _ := key.(string); strings.Contains(name, padMark) {
			o.file.Pkg.Delete(key)
		}
		return true
	})
	for _, sheet := range o.file.WorkBook.Sheets.Sheet {
		part := o.part(sheet.Name) // none of a sheet that was missing
		if _, ok := o.file.Pkg.Load(part); !ok && part != "" && o.isOurs(sheet.Name) {
			o.file.Pkg.Store(part, []byte{})
		}
	}
	o.dropSharedStrings()
}

// dropSharedStrings removes the table of shared texts where the workbook had
// none: excelize makes one when it looks for it.
func (o *Old) dropSharedStrings() {
	const part = "xl/sharedStrings.xml"
	rels, _ := o.pack.relations(workbookPart) // read to their end before
	for _, rel := range rels {
		if rel.kind() == "sharedStrings" {
			return
		}
	}
	o.file.SharedStrings = nil
	o.file.Pkg.Delete(part)
	for i, override := range o.file.ContentTypes.Overrides {
		if override.PartName == "/"+part {
			o.file.ContentTypes.Overrides = slices.Delete(o.file.ContentTypes.Overrides, i, i+1)
			return
		}
	}
}
