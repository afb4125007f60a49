package workbook

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"path"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// extraMark is what Rows does not tell of a cell: its kind, style and formula.
type extraMark struct {
	kind    string // the cell's t: s, str, inlineStr, b, e, n or nothing
	style   int
	formula string
}

// value types the text of a cell.
func (m extraMark) value(text string) any {
	switch {
	case text == "":
		return nil
	case m.kind == "b":
		return text == "1" || strings.EqualFold(text, "true")
	case m.kind == "" || m.kind == "n":
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			return number
		}
	}
	return text
}

// markedRow is the marks of one row's extra cells, by column.
type markedRow struct {
	number int
	marks  map[int]extraMark
}

// scanExtras reads styles, kinds and formulas of people's columns, in step
// with the rows: ask for the rows in ascending order. Where nobody has added
// a column it reads nothing.
func (o *Old) scanExtras(sheet string) (of func(row int) map[int]extraMark, stop func(), err error) {
	if len(o.Extra) == 0 {
		return func(int) map[int]extraMark { return nil }, func() {}, nil
	}
	next, stop := iter.Pull2(o.marks(sheet))
	current, err, more := next()
	if err == nil && more && current.number == 1 {
		o.headStyles(current.marks)
	}
	return func(row int) map[int]extraMark {
		for more && err == nil && current.number < row {
			current, err, more = next()
		}
		if current.number != row {
			return nil
		}
		return current.marks
	}, stop, err
}

// headStyles keeps the looks of the header cells of people's columns.
func (o *Old) headStyles(marks map[int]extraMark) {
	for i := range o.Extra {
		o.Extra[i].Style = marks[o.Extra[i].from].style
	}
}

// marks streams the marks of the cells of people's columns.
func (o *Old) marks(sheet string) iter.Seq2[markedRow, error] {
	return func(yield func(markedRow, error) bool) {
		err := o.withPart(sheet, func(r io.Reader) error {
			return o.scan(xml.NewDecoder(r), func(row markedRow) bool { return yield(row, nil) })
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(markedRow{}, err)
		}
	}
}

// withPart opens the sheet's XML in the file.
func (o *Old) withPart(sheet string, read func(io.Reader) error) error {
	part := o.part(sheet)
	files, err := zip.OpenReader(o.path)
	if err != nil {
		return err
	}
	defer files.Close()
	for _, file := range files.File {
		if strings.EqualFold(strings.ReplaceAll(file.Name, `\`, "/"), part) {
			content, err := file.Open()
			if err != nil {
				return err
			}
			defer content.Close()
			return read(content)
		}
	}
	return errors.New("the sheet has no part in the file")
}

// part is the path of a sheet's XML in the file.
func (o *Old) part(sheet string) string {
	for _, s := range o.file.WorkBook.Sheets.Sheet {
		if !strings.EqualFold(s.Name, sheet) {
			continue
		}
		for _, rel := range o.relations("xl/workbook.xml") {
			if rel.ID == s.ID {
				return rel.part("xl/workbook.xml")
			}
		}
	}
	return ""
}

// scan walks through the XML and stops where the rows end or take says so.
func (o *Old) scan(d *xml.Decoder, take func(markedRow) bool) error {
	var row markedRow
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch element := token.(type) {
		case xml.StartElement:
			switch element.Name.Local {
			case "col":
				o.width(element)
			case "row":
				row = markedRow{row.number + 1, map[int]extraMark{}}
				if n, err := strconv.Atoi(attribute(element, "r")); err == nil {
					row.number = n
				}
			case "c":
				column, _, err := excelize.CellNameToCoordinates(attribute(element, "r"))
				if err != nil || !o.isExtra(column) {
					continue
				}
				mark := extraMark{kind: attribute(element, "t")}
				mark.style, _ = strconv.Atoi(attribute(element, "s"))
				if mark.formula, err = formulaOf(d); err != nil {
					return err
				}
				row.marks[column] = mark
			}
		case xml.EndElement:
			switch element.Name.Local {
			case "row":
				if !take(row) {
					return errStop
				}
			case "sheetData":
				return nil
			}
		}
	}
}

// formulaOf reads a cell to its end and returns its formula, if it has one
// of its own.
func formulaOf(d *xml.Decoder) (string, error) {
	formula, inside := "", false
	for {
		token, err := d.RawToken()
		if err != nil {
			return "", err
		}
		switch element := token.(type) {
		case xml.StartElement:
			kind := attribute(element, "t")
			inside = element.Name.Local == "f" && (kind == "" || kind == "normal" || kind == "shared")
		case xml.CharData:
			if inside {
				formula += string(element)
			}
		case xml.EndElement:
			inside = false
			if element.Name.Local == "c" {
				return formula, nil
			}
		}
	}
}

func (o *Old) isExtra(column int) bool {
	for _, extra := range o.Extra {
		if extra.from == column {
			return true
		}
	}
	return false
}

func (o *Old) width(col xml.StartElement) {
	first, _ := strconv.Atoi(attribute(col, "min"))
	last, _ := strconv.Atoi(attribute(col, "max"))
	width, _ := strconv.ParseFloat(attribute(col, "width"), 64)
	for i, extra := range o.Extra {
		if first <= extra.from && extra.from <= last && width > 0 && width <= excelize.MaxColumnWidth {
			o.Extra[i].Width = width
		}
	}
}

func attribute(element xml.StartElement, name string) string {
	for _, attr := range element.Attr {
		if attr.Name.Local == name && attr.Name.Space == "" {
			return attr.Value
		}
	}
	return ""
}

// A relation is one line of a part's .rels.
type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
	Mode   string `xml:"TargetMode,attr"`
}

// part is the path in the file that the relation of a part leads to.
func (r relation) part(of string) string {
	if after, ok := strings.CutPrefix(r.Target, "/"); ok {
		return after
	}
	return path.Join(path.Dir(of), r.Target)
}

// relationsPath is where the relations of a part stand.
func relationsPath(part string) string {
	return path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
}

func (o *Old) relations(part string) []relation {
	content, ok := o.file.Pkg.Load(relationsPath(part))
	if !ok {
		return nil
	}
	var list struct {
		Relationship []relation `xml:"Relationship"`
	}
	data, _ := content.([]byte)
	if xml.Unmarshal(data, &list) != nil {
		return nil
	}
	return list.Relationship
}
