package workbook

import (
	"encoding/xml"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
)

// A stylesheet is what others refer to by number.
type stylesheet struct {
	NumFmts []struct {
		ID int `xml:"numFmtId,attr"`
	} `xml:"numFmts>numFmt"`
	Fonts        []struct{} `xml:"fonts>font"`
	Fills        []struct{} `xml:"fills>fill"`
	Borders      []struct{} `xml:"borders>border"`
	CellStyleXfs []xf       `xml:"cellStyleXfs>xf"`
	CellXfs      []xf       `xml:"cellXfs>xf"`
	CellStyles   []xf       `xml:"cellStyles>cellStyle"`
	Dxfs         []struct{} `xml:"dxfs>dxf"`
}

type xf struct {
	NumFmt int `xml:"numFmtId,attr"`
	Font   int `xml:"fontId,attr"`
	Fill   int `xml:"fillId,attr"`
	Border int `xml:"borderId,attr"`
	Xf     int `xml:"xfId,attr"`
}

// A worksheet is what refers to other parts, and what others refer to.
type worksheet struct {
	Cols []struct {
		Style int `xml:"style,attr"`
	} `xml:"cols>col"`
	Rows []struct {
		Style int `xml:"s,attr"`
		Cells []struct {
			R     string `xml:"r,attr"`
			Style int    `xml:"s,attr"`
			Type  string `xml:"t,attr"`
			V     string `xml:"v"`
			IS    string `xml:"is>t"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
	Merged []struct {
		Ref string `xml:"ref,attr"`
	} `xml:"mergeCells>mergeCell"`
	Formats []struct {
		Rules []struct {
			Type     string   `xml:"type,attr"`
			Dxf      *int     `xml:"dxfId,attr"`
			Formulas []string `xml:"formula"`
		} `xml:"cfRule"`
	} `xml:"conditionalFormatting"`
	Drawing    []reference `xml:"drawing"`
	Legacy     []reference `xml:"legacyDrawing"`
	Tables     []reference `xml:"tableParts>tablePart"`
	Hyperlinks []reference `xml:"hyperlinks>hyperlink"`
}

// A reference is an element that leads out of its part.
type reference struct {
	ID string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
}

// checkReferences wants every number and name in one part that stands for
// something in another to stand for something that is there.
func checkReferences(t complainer, parts map[string][]byte) {
	t.Helper()
	var styles stylesheet
	if err := xml.Unmarshal(parts["xl/styles.xml"], &styles); err != nil {
		t.Error(err)
	}
	checkStyles(t, styles)
	sheets := sheetNames(t, parts["xl/workbook.xml"])
	for part, data := range parts {
		switch path.Dir(part) {
		case "xl/worksheets":
			checkWorksheet(t, part, data, styles, parts)
		case "xl/charts", "xl/drawings":
			checkIDs(t, part, data, parts)
			for _, formula := range chartFormula.FindAllStringSubmatch(string(data), -1) {
				checkSheetOf(t, part, formula[1], sheets)
			}
		}
	}
	for _, name := range definedNames(t, parts["xl/workbook.xml"]) {
		checkSheetOf(t, "the name "+name[0], name[1], sheets)
	}
}

var (
	chartFormula = regexp.MustCompile(`<(?:c:)?f>([^<]*)</`)
	relationID   = regexp.MustCompile(` r:(?:id|embed|link)="([^"]*)"`)
	sheetOf      = regexp.MustCompile(`(?:'((?:[^']|'')+)'|([\pL_][\pL\pN_.]*))!`)
)

func sheetNames(t complainer, data []byte) []string {
	t.Helper()
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"sheetId,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := xml.Unmarshal(data, &book); err != nil {
		t.Error(err)
	}
	var names, ids []string
	for _, s := range book.Sheets {
		lower := strings.ToLower(s.Name)
		if slices.Contains(names, lower) || slices.Contains(ids, s.ID) || len([]rune(s.Name)) > 31 {
			t.Errorf("the sheet %q (%s) is twice, or its name too long", s.Name, s.ID)
		}
		names, ids = append(names, lower), append(ids, s.ID)
	}
	return names
}

func definedNames(t complainer, data []byte) (list [][2]string) {
	t.Helper()
	var book struct {
		Names []struct {
			Name string `xml:"name,attr"`
			Text string `xml:",chardata"`
		} `xml:"definedNames>definedName"`
	}
	if err := xml.Unmarshal(data, &book); err != nil {
		t.Error(err)
	}
	for _, n := range book.Names {
		if strings.TrimSpace(n.Text) == "" || strings.Contains(n.Text, "#REF!") {
			t.Errorf("the name %s refers to %q", n.Name, n.Text)
		}
		list = append(list, [2]string{n.Name, n.Text})
	}
	return list
}

// checkSheetOf wants the sheets that a formula speaks of to be there.
func checkSheetOf(t complainer, who, formula string, sheets []string) {
	t.Helper()
	formula = strings.NewReplacer("&apos;", "'", "&#39;", "'", "&amp;", "&", "&quot;", `"`, "&#34;", `"`).Replace(formula)
	for _, found := range sheetOf.FindAllStringSubmatch(formula, -1) {
		name := strings.ToLower(strings.ReplaceAll(found[1]+found[2], "''", "'"))
		if !slices.Contains(sheets, name) {
			t.Errorf("%s speaks of the sheet %q, which is not there: %s", who, name, formula)
		}
	}
}

func checkStyles(t complainer, s stylesheet) {
	t.Helper()
	formats := map[int]bool{}
	for _, f := range s.NumFmts {
		if formats[f.ID] {
			t.Errorf("the number format %d is twice", f.ID)
		}
		formats[f.ID] = true
	}
	for kind, xfs := range map[string][]xf{"cellXfs": s.CellXfs, "cellStyleXfs": s.CellStyleXfs} {
		for i, x := range xfs {
			if x.Font >= len(s.Fonts) || x.Fill >= len(s.Fills) || x.Border >= len(s.Borders) || x.NumFmt >= 164 && !formats[x.NumFmt] || x.Xf >= max(1, len(s.CellStyleXfs)) {
				t.Errorf("%s %d refers to what is not there: %+v", kind, i, x)
			}
		}
	}
	for _, named := range s.CellStyles {
		if named.Xf >= len(s.CellStyleXfs) {
			t.Errorf("a named style refers to %d of %d", named.Xf, len(s.CellStyleXfs))
		}
	}
}

func checkWorksheet(t complainer, part string, data []byte, styles stylesheet, parts map[string][]byte) {
	t.Helper()
	var sheet worksheet
	if err := xml.Unmarshal(data, &sheet); err != nil {
		t.Errorf("%s: %v", part, err)
		return
	}
	style := func(n int, where string) {
		if n < 0 || n >= len(styles.CellXfs) {
			t.Errorf("%s: %s has the style %d of %d", part, where, n, len(styles.CellXfs))
		}
	}
	for _, col := range sheet.Cols {
		style(col.Style, "a column")
	}
	for _, row := range sheet.Rows {
		style(row.Style, "a row")
		for _, c := range row.Cells {
			style(c.Style, c.R)
		}
	}
	for _, format := range sheet.Formats {
		for _, rule := range format.Rules {
			if rule.Dxf != nil && (*rule.Dxf < 0 || *rule.Dxf >= len(styles.Dxfs)) {
				t.Errorf("%s: a conditional format has the look %d of %d", part, *rule.Dxf, len(styles.Dxfs))
			}
			if rule.Type == "expression" && (len(rule.Formulas) != 1 || rule.Formulas[0] == "") {
				t.Errorf("%s: a conditional format has the formulas %q", part, rule.Formulas)
			}
		}
	}
	var merged []string
	for _, m := range sheet.Merged {
		merged = append(merged, m.Ref)
	}
	checkOverlap(t, part+", merged cells", merged)
	checkIDs(t, part, data, parts)
	checkTableParts(t, part, sheet, parts)
}

// checkIDs wants every relation that a part names to be among its relations.
func checkIDs(t complainer, part string, data []byte, parts map[string][]byte) {
	t.Helper()
	for _, id := range relationID.FindAllStringSubmatch(string(data), -1) {
		if relationOf(parts, part, id[1]) == nil {
			t.Errorf("%s names the relation %s, which it does not have", part, id[1])
		}
	}
}

func relationOf(parts map[string][]byte, part, id string) *ooxml.Relation {
	var list struct {
		Relationship []ooxml.Relation `xml:"Relationship"`
	}
	if xml.Unmarshal(parts[path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")], &list) != nil {
		return nil
	}
	for _, rel := range list.Relationship {
		if rel.ID == id {
			return &rel
		}
	}
	return nil
}

// checkTableParts wants the tables of a sheet beside each other, and each to
// have in its first row the names of its columns.
func checkTableParts(t complainer, part string, sheet worksheet, parts map[string][]byte) {
	t.Helper()
	heads := map[string]string{}
	for _, row := range sheet.Rows {
		for _, c := range row.Cells {
			if c.IS != "" || c.Type == "str" {
				heads[c.R] = c.IS + c.V
			}
		}
	}
	var refs []string
	for _, id := range sheet.Tables {
		rel := relationOf(parts, part, id.ID)
		if rel == nil {
			continue // checkIDs says so
		}
		var table struct {
			Ref     string `xml:"ref,attr"`
			Columns struct {
				Count int `xml:"count,attr"`
				List  []struct {
					Name string `xml:"name,attr"`
				} `xml:"tableColumn"`
			} `xml:"tableColumns"`
			Filter struct {
				Ref string `xml:"ref,attr"`
			} `xml:"autoFilter"`
		}
		name := rel.Part(part)
		if err := xml.Unmarshal(parts[name], &table); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		refs = append(refs, table.Ref)
		left, top, right, _, err := corners(table.Ref)
		if err != nil || right-left+1 != len(table.Columns.List) || table.Columns.Count != len(table.Columns.List) {
			t.Errorf("%s: %s has %d columns, said to be %d (%v)", name, table.Ref, len(table.Columns.List), table.Columns.Count, err)
			continue
		}
		if table.Filter.Ref != "" && table.Filter.Ref != table.Ref {
			t.Errorf("%s: the filter is over %s, the table over %s", name, table.Filter.Ref, table.Ref)
		}
		for i, column := range table.Columns.List {
			if head, ok := heads[ooxml.CellName(left+i, top)]; ok && head != column.Name {
				t.Errorf("%s: the column %q is called %q in the sheet", name, column.Name, head)
			}
		}
	}
	checkOverlap(t, part+", tables", refs)
}

func corners(ref string) (left, top, right, bottom int, err error) {
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		to = from
	}
	if left, top, err = excelize.CellNameToCoordinates(from); err == nil {
		right, bottom, err = excelize.CellNameToCoordinates(to)
	}
	if err == nil && (right < left || bottom < top) {
		err = fmt.Errorf("%s is no range", ref)
	}
	return left, top, right, bottom, err
}

func checkOverlap(t complainer, who string, refs []string) {
	t.Helper()
	for i, a := range refs {
		left, top, right, bottom, err := corners(a)
		if err != nil {
			t.Errorf("%s: %v", who, err)
		}
		for _, b := range refs[:i] {
			l, o, r, u, err := corners(b)
			if err == nil && left <= r && l <= right && top <= u && o <= bottom {
				t.Errorf("%s: %s and %s overlap", who, a, b)
			}
		}
	}
}
