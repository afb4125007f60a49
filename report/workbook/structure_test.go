package workbook

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"netready/report/workbook/ooxml"
)

var definedName = regexp.MustCompile(`^[\p{L}_\\][\p{L}\p{N}_.\\]*$`)

// checkStructure compares a workbook with rules of ECMA-376; if one is broken, Excel offers
// a repair.
func checkStructure(t *testing.T, name string) {
	t.Helper()
	checkParts(t, partsOf(t, name))
}

// A complainer is a test, or notes what a test would say.
type complainer interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
}

func partsOf(t *testing.T, name string) map[string][]byte {
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
	return parts
}

func checkParts(t complainer, parts map[string][]byte) {
	t.Helper()
	checkRelations(t, parts)
	checkTypes(t, parts)
	checkTables(t, parts)
	checkNames(t, parts["xl/workbook.xml"])
	checkReferences(t, parts)
	for part, data := range parts {
		if slices.Contains(schemaFolders, path.Dir(part)) && path.Ext(part) == ".xml" || part == "xl/workbook.xml" || part == "xl/styles.xml" {
			if err := checkSchema(part, data); err != nil {
				t.Error(err)
			}
		}
		if path.Dir(part) == "xl/worksheets" {
			checkCells(t, part, data)
		}
	}
}

// schemaFolders hold the parts that the schema knows.
var schemaFolders = []string{"xl/worksheets", "xl/tables", "xl/drawings", "xl/charts"}

// checkRelations wants every relation to lead to a part, and every part but
// the types and relations themselves to be led to.
func checkRelations(t complainer, parts map[string][]byte) {
	t.Helper()
	reached := map[string]bool{}
	for rels, data := range parts {
		if !strings.HasSuffix(rels, ".rels") {
			continue
		}
		of := path.Join(path.Dir(path.Dir(rels)), strings.TrimSuffix(path.Base(rels), ".rels"))
		var list struct {
			Relationship []ooxml.Relation `xml:"Relationship"`
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
			target := rel.Part(of)
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

func checkTypes(t complainer, parts map[string][]byte) {
	t.Helper()
	var types struct {
		Default []struct {
			Extension string `xml:"Extension,attr"`
		} `xml:"Default"`
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
	for _, d := range types.Default {
		extension := "." + strings.ToLower(d.Extension)
		if seen[extension] {
			t.Errorf("[Content_Types].xml names the extension %s twice", extension)
		}
		seen[extension] = true
	}
	for part := range parts {
		// The type of all XML says nothing of what a part is.
		byExtension := path.Ext(part) != ".xml" && seen[strings.ToLower(path.Ext(part))]
		if !seen["/"+part] && !byExtension && part != "[Content_Types].xml" {
			t.Errorf("[Content_Types].xml has no type for %s", part)
		}
	}
}

func checkTables(t complainer, parts map[string][]byte) {
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

// checkCells wants rows and cells in order, and texts within bounds.
func checkCells(t complainer, part string, data []byte) {
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

func checkNames(t complainer, data []byte) {
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

// complaints notes what a check has to say.
type complaints []string

func (c *complaints) Helper()           {}
func (c *complaints) Error(args ...any) { *c = append(*c, fmt.Sprint(args...)) }
func (c *complaints) Errorf(format string, args ...any) {
	*c = append(*c, fmt.Sprintf(format, args...))
}

// Each rule finds its breaking.
func TestStructureFindsFaults(t *testing.T) {
	whole := partsOf(t, write(t, Writer{}, collect(3)))
	tables, drawings := "", ""
	for part := range whole {
		switch path.Dir(part) {
		case "xl/tables":
			tables = part
		case "xl/drawings":
			drawings = part
		}
	}
	runs := "xl/worksheets/sheet2.xml"
	for _, test := range []struct {
		name, part, from, to string // from is a pattern
		want                 string
	}{
		{"a missing part", "xl/_rels/workbook.xml.rels", `styles\.xml`, "style.xml", "which is missing"},
		{"a part without a type", "[Content_Types].xml", `(?s)<Override PartName="/xl/styles\.xml"[^>]*>(</Override>)?`, "", "no type for xl/styles.xml"},
		{"a sheet that is not there", "xl/workbook.xml", `>About!`, ">Abuot!", "abuot"},
		{"a chart of a sheet that is not there", "xl/charts/chart1.xml", `Summary`, "Summry", "summry"},
		{"a look out of range", runs, `dxfId="\d+"`, `dxfId="99"`, "look 99"},
		{"a style out of range", runs, `<c r="A2"( s="\d+")?`, `<c r="A2" s="999"`, "style 999"},
		{"a relation that is not there", drawings, `r:id="[^"]*"`, `r:id="rId77"`, "rId77"},
		{"a table of other names", tables, `name="Run ID"`, `name="Runs ID"`, `"Runs ID"`},
		{"a table of other size", tables, `ref="A1:[A-Z]+`, `ref="A1:C`, "columns"},
		{"a font out of range", "xl/styles.xml", `(<cellXfs.*?fontId=)"\d+"`, `$1"77"`, "cellXfs 0"},
		{"an order", "xl/charts/chart1.xml", `(?s)(<plotArea>.*</plotArea>)(<legend>.*</legend>)`, "$2$1", "plotArea before legend"},
		{"merged cells that overlap", "xl/worksheets/sheet1.xml", `ref="G4:I4"`, `ref="D4:I4"`, "overlap"},
	} {
		damaged := maps.Clone(whole)
		damaged[test.part] = regexp.MustCompile(test.from).ReplaceAll(whole[test.part], []byte(test.to))
		if bytes.Equal(damaged[test.part], whole[test.part]) {
			t.Errorf("%s: %q is not in %s", test.name, test.from, test.part)
			continue
		}
		var said complaints
		checkParts(&said, damaged)
		if !strings.Contains(strings.Join(said, "\n"), test.want) {
			t.Errorf("%s: got %q, want something about %q", test.name, said, test.want)
		}
	}
}
