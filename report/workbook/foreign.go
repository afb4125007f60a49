package workbook

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"netready/report/workbook/ooxml"
)

// A foreign is something that people have put on a sheet of ours, and that would
// be lost when the sheet is written again.
type foreign struct{ sheet, cell, what string }

func (f foreign) String() string {
	if f.cell == "" {
		return fmt.Sprintf("sheet %s (%s)", f.sheet, f.what)
	}
	return fmt.Sprintf("%s!%s (%s)", f.sheet, f.cell, f.what)
}

// mostForeign is how many of them an error names.
const mostForeign = 10

func (o *Old) cannotStay(sheet, cell, what string) {
	one := foreign{sheet, cell, what}
	if len(o.foreign) < mostForeign && !slices.Contains(o.foreign, one) {
		o.foreign = append(o.foreign, one)
	}
}

// foreignElements are what people add to a sheet, by element, and the
// attribute that says where.
var foreignElements = map[string]struct{ where, what string }{
	"dataValidation": {"sqref", "a rule for what may be typed"},
	"hyperlink":      {"ref", "a link"},
	"oleObject":      {"", "an object"},
	"control":        {"", "a form control"},
	"sparklineGroup": {"", "a sparkline"},
}

// visitorOf looks at what a sheet of ours has outside its rows.
func (o *Old) visitorOf(sheet string) *ooxml.Visitor {
	runs := slices.Contains(o.runs, sheet)
	b := &ooxml.Visitor{Visit: func(element xml.StartElement) {
		if kind, ok := foreignElements[element.Name.Local]; ok {
			o.cannotStay(sheet, ooxml.Attribute(element, kind.where), kind.what)
		}
		if runs && element.Name.Local == "mergeCell" {
			o.cannotStay(sheet, ooxml.Attribute(element, "ref"), "merged cells")
		}
	}}
	if runs {
		b.Rule = func(cells, formula string) {
			if !isOurRule(formula) {
				o.cannotStay(sheet, cells, "a conditional format")
			}
		}
	}
	return b
}

// isOurRule knows the formulas of colourRuns.
func isOurRule(formula string) bool {
	for _, ours := range []string{"limit_", `"not_ready"`, `"ready"`, `"undetermined"`, "LEN("} {
		if strings.Contains(formula, ours) {
			return true
		}
	}
	return false
}

// checkOurSheets finds what is not ours: parts that belong to our sheets, and
// cells of the sheets that are written again.
func (o *Old) checkOurSheets() error {
	for _, sheet := range append(derivedSheets(), o.runs...) {
		part := o.pack.Part(sheet)
		if part == "" {
			continue
		}
		if !slices.ContainsFunc(o.pack.Sheets, func(s ooxml.Sheet) bool { return s.Name == sheet }) {
			o.cannotStay(sheet, "", "its name is written in other letters: give it this one")
		}
		if err := o.checkRelated(sheet, part); err != nil {
			return err
		}
		if slices.Contains(o.runs, sheet) {
			continue
		}
		owner := ownerOf(sheet)
		err := o.pack.ScanLoosely(part, o.visitorOf(sheet), func(row ooxml.Row) error {
			if cell, what := owner.foreign(row); what != "" {
				o.cannotStay(sheet, cell, what)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("sheet %s: %w", sheet, err)
		}
	}
	return nil
}

// checkRelated looks at the parts that belong to a sheet.
func (o *Old) checkRelated(sheet, part string) error {
	rels, err := o.pack.Relations(part)
	if err != nil {
		return err
	}
	for _, rel := range rels {
		switch rel.Kind() {
		case "comments", "threadedComment":
			err = o.firstOf(sheet, rel.Part(part), "comment", "a comment")
			if rel.Kind() == "threadedComment" {
				err = o.firstOf(sheet, rel.Part(part), "threadedComment", "a comment")
			}
		case "pivotTable":
			err = o.firstOf(sheet, rel.Part(part), "location", "a pivot table")
		case "table":
			err = o.checkTable(sheet, rel.Part(part))
		case "drawing":
			err = o.checkDrawing(sheet, rel.Part(part))
		case "slicer", "timeline":
			o.cannotStay(sheet, "", "a slicer")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// firstOf names the first of a kind in a part.
func (o *Old) firstOf(sheet, part, name, what string) error {
	return o.pack.Walk(part, func(element xml.StartElement, _ []string) error {
		if element.Name.Local == name {
			o.cannotStay(sheet, ooxml.Attribute(element, "ref"), what)
		}
		return nil
	})
}

func (o *Old) checkTable(sheet, part string) error {
	return o.pack.Walk(part, func(element xml.StartElement, open []string) error {
		if len(open) == 1 && (!slices.Contains(o.runs, sheet) || !strings.HasPrefix(ooxml.Attribute(element, "displayName"), tableName(0))) {
			o.cannotStay(sheet, ooxml.Attribute(element, "ref"), "a table")
		}
		return nil
	})
}

// mostCharts are how many charts Summary has of ours.
const mostCharts = 4

// checkDrawing allows our charts in Summary, and nothing else.
func (o *Old) checkDrawing(sheet, part string) error {
	rels, err := o.pack.Relations(part)
	if err != nil {
		return err
	}
	charts := 0
	for _, rel := range rels {
		if rel.Kind() == "chart" {
			charts++
		}
	}
	ours := sheet == SheetSummary && charts <= mostCharts
	return o.pack.Walk(part, func(element xml.StartElement, _ []string) error {
		switch element.Name.Local {
		case "pic":
			o.cannotStay(sheet, "", "a picture")
		case "sp", "cxnSp", "grpSp":
			o.cannotStay(sheet, "", "a drawing")
		case "graphicFrame":
			if !ours {
				o.cannotStay(sheet, "", "a chart")
			}
		}
		return nil
	})
}
