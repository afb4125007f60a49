package workbook

import (
	"fmt"
	"strings"
)

// load opens the file for writing. The rows have been read before.
func (o *Old) load() error {
	if o.edition != nil {
		return nil
	}
	if err := o.CheckAppend(); err != nil {
		return err
	}
	edition, err := o.pack.Edit(append(derivedSheets(), o.runs...))
	if err != nil {
		return fmt.Errorf("opening workbook %s: %w", o.path, err)
	}
	o.edition = edition
	return nil
}

// CheckAppend says why nothing can be added to the workbook: a part of it is
// damaged, or something that people have added would be lost. Call Rows first.
func (o *Old) CheckAppend() error {
	for _, check := range []func() error{func() error { return o.pack.CheckEdit(o.runs) }, o.checkOurSheets} {
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
