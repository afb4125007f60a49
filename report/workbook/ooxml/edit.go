package ooxml

import (
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// partInMemory is the size, in bytes, above which a part waits in a temporary
// file.
const partInMemory = 4 << 20

// An Edition is a workbook that is being written again: some sheets are made new,
// all others stay as they are, byte for byte.
type Edition struct {
	*excelize.File
	from *File
	ours []string // names of the sheets that are made new
}

// Edit opens the file for writing.
func (p *File) Edit(ours []string) (*Edition, error) {
	file, err := excelize.OpenFile(p.file.Name(), excelize.Options{UnzipSizeLimit: freeUnpacked + mostInflation*p.size, UnzipXMLSizeLimit: partInMemory})
	if err != nil {
		return nil, err
	}
	if _, err := file.GetWorkbookProps(); err != nil { // reads the list of sheets
		return nil, err
	}
	content, _ := file.Pkg.Load("[Content_Types].xml")
	data, _ := content.([]byte)
	if err := decodeInto(&file.ContentTypes, data); err != nil {
		return nil, fmt.Errorf("its list of parts: %w", err)
	}
	return &Edition{file, p, ours}, nil
}

// isOurs says whether a sheet is made new.
func (e *Edition) isOurs(name string) bool {
	return slices.ContainsFunc(e.ours, func(ours string) bool { return strings.EqualFold(ours, name) })
}

// decodeInto reads XML into a new structure whose type only excelize can name. It
// reads that part itself when it is too late for us.
func decodeInto[T any](into **T, data []byte) error {
	*into = new(T)
	return xml.Unmarshal(data, *into)
}

// Show makes one sheet the one that is shown. excelize's own way would load
// every sheet of others.
func (e *Edition) Show(index int) {
	if views := e.WorkBook.BookViews; views != nil {
		for i := range views.WorkBookView {
			views.WorkBookView[i].ActiveTab, views.WorkBookView[i].FirstSheet = index, 0
		}
	}
}

// CheckEdit says why the file cannot be written again. read are the sheets that
// were read with their rows.
func (p *File) CheckEdit(read []string) error {
	if err := p.checkKind(); err != nil {
		return err
	}
	return p.checkXML(read)
}

// checkKind refuses workbooks that writing again would damage.
func (p *File) checkKind() error {
	if p.has("xl/vbaProject.bin") {
		return errors.New("it has macros: save it as a workbook without them (.xlsx), or give another file with -o")
	}
	errStrict := errors.New("it is saved as Strict Open XML: save it as an ordinary workbook (.xlsx)")
	return p.Walk(workbookPart, func(element xml.StartElement, open []string) error {
		for _, attr := range element.Attr {
			if len(open) == 1 && strings.Contains(attr.Value, "purl.oclc.org/ooxml") {
				return errStrict
			}
		}
		return nil
	})
}

// checkXML makes sure that the XML of every part is whole: what cannot be read
// would be written again without its content, and nobody would notice. Sheets that were read
// with their rows are known to be.
func (p *File) checkXML(read []string) error {
	ours := map[string]bool{}
	for _, name := range read {
		ours[PartName(p.Part(name))] = true // read with their rows
	}
	for part, file := range p.parts {
		ext := path.Ext(part)
		if ours[part] || ext != ".xml" && ext != ".rels" {
			continue
		}
		if strings.HasPrefix(part, "xl/worksheets/") && file.UncompressedSize64 > maxForeign {
			return fmt.Errorf("its part %s is larger than %d MB: move that sheet to a workbook of its own", file.Name, maxForeign>>20)
		}
		if err := p.Walk(part, nil); err != nil {
			return err
		}
	}
	return nil
}
