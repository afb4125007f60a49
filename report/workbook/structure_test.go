package workbook

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// worksheetOrder is the order of elements in CT_Worksheet (ECMA-376-1, 18.3.1.99).
var worksheetOrder = strings.Fields(`sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection
	protectedRanges scenarios autoFilter sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting
	dataValidations hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches
	ignoredErrors smartTags drawing legacyDrawing legacyDrawingHF drawingHF picture oleObjects controls webPublishItems tableParts extLst`)

// workbookOrder is the order of elements in CT_Workbook (18.2.27).
var workbookOrder = strings.Fields(`fileVersion fileSharing workbookPr workbookProtection bookViews sheets functionGroups
	externalReferences definedNames calcPr oleSize customWorkbookViews pivotCaches smartTagPr smartTagTypes webPublishing
	fileRecoveryPr webPublishObjects extLst`)

var definedName = regexp.MustCompile(`^[\p{L}_\\][\p{L}\p{N}_.\\]*$`)

// checkStructure holds a workbook against rules of ECMA-376 whose breaking
// makes Excel offer a repair.
func checkStructure(t *testing.T, name string) {
	t.Helper()
	files, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	parts := map[string][]byte{}
	for _, file := range files.File {
		if _, twice := parts[file.Name]; twice {
			t.Errorf("%s is twice in the file", file.Name)
		}
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if parts[file.Name], err = io.ReadAll(content); err != nil {
			t.Fatal(err)
		}
		content.Close()
	}
	checkRelations(t, parts)
	checkTypes(t, parts)
	checkTables(t, parts)
	for part, data := range parts {
		switch {
		case strings.HasPrefix(part, "xl/worksheets/sheet"):
			checkOrder(t, part, data, worksheetOrder)
			checkCells(t, part, data)
		case part == "xl/workbook.xml":
			checkOrder(t, part, data, workbookOrder)
			checkNames(t, data)
		}
	}
}

// checkRelations wants every relation to lead to a part, and every part but
// the types and relations themselves to be led to.
func checkRelations(t *testing.T, parts map[string][]byte) {
	t.Helper()
	reached := map[string]bool{}
	for rels, data := range parts {
		if !strings.HasSuffix(rels, ".rels") {
			continue
		}
		of := path.Join(path.Dir(path.Dir(rels)), strings.TrimSuffix(path.Base(rels), ".rels"))
		var list struct {
			Relationship []relation `xml:"Relationship"`
		}
		if err := xml.Unmarshal(data, &list); err != nil {
			t.Errorf("%s: %v", rels, err)
		}
		ids := map[string]bool{}
		for _, rel := range list.Relationship {
			if ids[rel.ID] {
				t.Errorf("%s: the id %s is twice", rels, rel.ID)
			}
			ids[rel.ID] = true
			if rel.Mode == "External" {
				continue
			}
			target := rel.part(of)
			if _, ok := parts[target]; !ok {
				t.Errorf("%s leads to %s, which is missing", rels, target)
			}
			reached[target] = true
		}
	}
	for part := range parts {
		if !reached[part] && !strings.HasSuffix(part, ".rels") && part != "[Content_Types].xml" && !strings.HasPrefix(part, "xl/theme/") {
			t.Errorf("nothing leads to %s", part)
		}
	}
}

func checkTypes(t *testing.T, parts map[string][]byte) {
	t.Helper()
	var types struct {
		Override []struct {
			PartName string `xml:"PartName,attr"`
		} `xml:"Override"`
	}
	if err := xml.Unmarshal(parts["[Content_Types].xml"], &types); err != nil {
		t.Error(err)
	}
	seen := map[string]bool{}
	for _, o := range types.Override {
		if _, ok := parts[strings.TrimPrefix(o.PartName, "/")]; !ok {
			t.Errorf("[Content_Types].xml names %s, which is missing", o.PartName)
		}
		if seen[o.PartName] {
			t.Errorf("[Content_Types].xml names %s twice", o.PartName)
		}
		seen[o.PartName] = true
	}
}

func checkTables(t *testing.T, parts map[string][]byte) {
	t.Helper()
	ids := map[string]bool{}
	for part, data := range parts {
		if !strings.HasPrefix(part, "xl/tables/") {
			continue
		}
		var table struct {
			ID          string `xml:"id,attr"`
			DisplayName string `xml:"displayName,attr"`
			Columns     []struct {
				Name string `xml:"name,attr"`
			} `xml:"tableColumns>tableColumn"`
		}
		if err := xml.Unmarshal(data, &table); err != nil {
			t.Errorf("%s: %v", part, err)
		}
		if ids[table.ID] || ids[table.DisplayName] {
			t.Errorf("%s: id %s or name %s is taken", part, table.ID, table.DisplayName)
		}
		ids[table.ID], ids[table.DisplayName] = true, true
		names := map[string]bool{}
		for _, column := range table.Columns {
			lower := strings.ToLower(column.Name)
			if column.Name == "" || names[lower] {
				t.Errorf("%s: the column %q is empty or twice", part, column.Name)
			}
			names[lower] = true
		}
	}
}

func checkOrder(t *testing.T, part string, data []byte, order []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(data)))
	depth, last := 0, -1
	for {
		token, err := d.Token()
		if err == io.EOF { //nolint:errorlint // the decoder's own
			return
		}
		if err != nil {
			t.Errorf("%s: %v", part, err)
			return
		}
		switch element := token.(type) {
		case xml.StartElement:
			if depth == 1 {
				at := slices.Index(order, element.Name.Local)
				if at < last {
					t.Errorf("%s: %s stands after %s", part, element.Name.Local, order[last])
				}
				if at >= 0 {
					last = at
				}
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

// checkCells wants rows and cells in order, and texts within bounds.
func checkCells(t *testing.T, part string, data []byte) {
	t.Helper()
	var sheet struct {
		Row []struct {
			R int `xml:"r,attr"`
			C []struct {
				R  string `xml:"r,attr"`
				T  string `xml:"t,attr"`
				V  string `xml:"v"`
				IS struct {
					T string `xml:"t"`
				} `xml:"is"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.Unmarshal(data, &sheet); err != nil {
		t.Errorf("%s: %v", part, err)
	}
	row := 0
	for _, r := range sheet.Row {
		if r.R <= row {
			t.Errorf("%s: row %d after row %d", part, r.R, row)
		}
		row = r.R
		for _, c := range r.C {
			if !strings.HasSuffix(c.R, fmt.Sprint(r.R)) || !slices.Contains([]string{"", "n", "s", "str", "inlineStr", "b", "e"}, c.T) {
				t.Errorf("%s: cell %s of kind %q in row %d", part, c.R, c.T, r.R)
			}
			if len([]rune(c.V+c.IS.T)) > 32767 {
				t.Errorf("%s: %s is too long", part, c.R)
			}
		}
	}
}

func checkNames(t *testing.T, data []byte) {
	t.Helper()
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
		} `xml:"sheets>sheet"`
		Names []struct {
			Name  string `xml:"name,attr"`
			Local string `xml:"localSheetId,attr"`
		} `xml:"definedNames>definedName"`
	}
	if err := xml.Unmarshal(data, &book); err != nil {
		t.Error(err)
	}
	seen := map[string]bool{}
	for _, name := range book.Names {
		key := strings.ToLower(name.Name) + "@" + name.Local
		if !definedName.MatchString(name.Name) || seen[key] {
			t.Errorf("the name %q is invalid or twice", name.Name)
		}
		seen[key] = true
		if name.Local != "" && name.Local >= fmt.Sprint(len(book.Sheets)) && len(name.Local) >= len(fmt.Sprint(len(book.Sheets))) {
			t.Errorf("the name %q is of sheet %s, of %d", name.Name, name.Local, len(book.Sheets))
		}
	}
}

func TestStructure(t *testing.T) {
	for _, c := range []struct {
		name string
		w    Writer
		rows int
	}{
		{"empty", Writer{}, 0},
		{"one run", Writer{}, 1},
		{"a template", Writer{Samples: true}, 12},
		{"many", Writer{}, 200},
		{"several sheets", Writer{MaxRows: 20}, 50},
	} {
		t.Run(c.name, func(t *testing.T) { checkStructure(t, write(t, c.w, collect(c.rows))) })
	}
}
