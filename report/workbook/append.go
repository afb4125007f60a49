package workbook

import (
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/xuri/excelize/v2"
)

// partInMemory is the size, in bytes, above which a part waits in a temporary
// file.
const partInMemory = 4 << 20

// load opens the file for writing; the rows were read before.
func (o *Old) load() error {
	if o.file != nil {
		return nil
	}
	if err := o.CheckAppend(); err != nil {
		return err
	}
	file, err := excelize.OpenFile(o.path, excelize.Options{UnzipSizeLimit: freeUnpacked + mostInflation*o.pack.size, UnzipXMLSizeLimit: partInMemory})
	if err != nil {
		return fmt.Errorf("opening workbook %s: %w", o.path, err)
	}
	o.file = file
	if _, err := file.GetWorkbookProps(); err != nil { // reads the list of sheets
		return fmt.Errorf("opening workbook %s: %w", o.path, err)
	}
	content, _ := file.Pkg.Load("[Content_Types].xml")
	data, _ := content.([]byte)
	if err := decodeInto(&file.ContentTypes, data); err != nil {
		return fmt.Errorf("opening workbook %s: its list of parts: %w", o.path, err)
	}
	return nil
}

// decodeInto reads XML into a new structure whose type only excelize can name. It
// reads that part itself when it is too late for us.
func decodeInto[T any](into **T, data []byte) error {
	*into = new(T)
	return xml.Unmarshal(data, *into)
}

// CheckAppend says why nothing can be added to the workbook: a part of it that
// is damaged, or something of people's that would be lost. Rows comes first.
func (o *Old) CheckAppend() error {
	for _, check := range []func() error{o.checkKind, o.checkXML, o.checkOurSheets} {
		if err := check(); err != nil {
			return fmt.Errorf("%s is left as it is: %w", o.path, err)
		}
	}
	if len(o.foreign) == 0 {
		return nil
	}
	var list []string
	for _, f := range o.foreign {
		list = append(list, f.String())
	}
	return fmt.Errorf("%s is left as it is, because --append would lose what others have put on the sheets of netready: %s. "+
		"Move that to a sheet of your own (with another name), or delete it; or give another file with -o, and this one among the sources", o.path, strings.Join(list, ", "))
}

// checkKind refuses workbooks whose insides we could only damage.
func (o *Old) checkKind() error {
	if o.pack.has("xl/vbaProject.bin") {
		return errors.New("it has macros: save it as a workbook without them (.xlsx), or give another file with -o")
	}
	errStrict := errors.New("it is saved as Strict Open XML: save it as an ordinary workbook (.xlsx)")
	return o.pack.walkPart(workbookPart, func(element xml.StartElement, open []string) error {
		for _, attr := range element.Attr {
			if len(open) == 1 && strings.Contains(attr.Value, "purl.oclc.org/ooxml") {
				return errStrict
			}
		}
		return nil
	})
}

// checkXML makes sure that the XML of every part is whole: what cannot be read
// would silently be written anew, without what was in it.
func (o *Old) checkXML() error {
	ours := map[string]bool{}
	for _, name := range o.runs {
		ours[partName(o.part(name))] = true // read with their rows
	}
	for part, file := range o.pack.parts {
		ext := path.Ext(part)
		if ours[part] || ext != ".xml" && ext != ".rels" {
			continue
		}
		if strings.HasPrefix(part, "xl/worksheets/") && file.UncompressedSize64 > maxForeign {
			return fmt.Errorf("its part %s is larger than %d MB: move that sheet to a workbook of its own", file.Name, maxForeign>>20)
		}
		if err := o.pack.walkPart(part, nil); err != nil {
			return err
		}
	}
	return nil
}

// show makes one sheet the one that is shown. excelize's own way would load
// every sheet of others.
func (o *Old) show(index int) {
	if views := o.file.WorkBook.BookViews; views != nil {
		for i := range views.WorkBookView {
			views.WorkBookView[i].ActiveTab, views.WorkBookView[i].FirstSheet = index, 0
		}
	}
}
