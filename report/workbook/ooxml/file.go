package ooxml

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// A Sheet is a sheet of a workbook, in its place.
type Sheet struct {
	Name string
	Part string // the path of its XML in the file
}

const workbookPart = "xl/workbook.xml"

// Read reads which sheets there are, how dates count, the table of texts, and
// the styles.
func (p *File) Read() (err error) {
	if err := p.readSheets(); err != nil {
		return err
	}
	if p.texts, err = p.readTexts(); err != nil {
		return err
	}
	p.Formats, err = p.readFormats()
	return err
}

func (p *File) readSheets() error {
	rels, err := p.Relations(workbookPart)
	if err != nil {
		return err
	}
	err = p.Walk(workbookPart, func(element xml.StartElement, _ []string) error {
		switch element.Name.Local {
		case "workbookPr":
			p.Macs = IsTrue(Attribute(element, "date1904"))
		case "sheet":
			p.Sheets = append(p.Sheets, Sheet{Attribute(element, "name"), partOf(element, rels)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, sheet := range p.Sheets {
		for _, other := range p.Sheets[:i] {
			if strings.EqualFold(sheet.Name, other.Name) {
				return fmt.Errorf("it has two sheets %s and %s: rename one", other.Name, sheet.Name)
			}
		}
	}
	return nil
}

// partOf is the part that the r:id of an element leads to.
func partOf(element xml.StartElement, rels []Relation) string {
	for _, attr := range element.Attr {
		if attr.Name.Local != "id" || attr.Name.Space == "" {
			continue
		}
		for _, rel := range rels {
			if rel.ID == attr.Value {
				return rel.Part(workbookPart)
			}
		}
	}
	return ""
}

// Part is the path of a sheet's XML in the file; "" where there is none.
func (p *File) Part(sheet string) string {
	for _, s := range p.Sheets {
		if strings.EqualFold(s.Name, sheet) {
			return s.Part
		}
	}
	return ""
}
