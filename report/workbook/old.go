package workbook

import (
	"encoding/xml"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"netready/thresholds"
)

// An Old is a workbook that runs are read from, and that may be
// added to. Its rows are streamed.
type Old struct {
	Extra    []ExtraColumn     // people's columns, to the right of ours; complete once Rows has ended
	Firewall []MachinePorts    // rows of the sheet Firewall
	Limits   thresholds.Limits // as they stand in About; a missing one is empty
	path     string
	pack     *pack
	texts    *texts
	formats  formats
	list     []oldSheet
	runs     []string       // names of the sheets that hold runs
	macs     bool           // its dates count from 1904, as on old Macs
	file     *excelize.File // nil until something is added
	bare     map[int]int    // columns of people's without a heading: place in Extra, by column
	foreign  []foreign      // what is not ours on our sheets and cannot stay
}

// An oldSheet is a sheet of the workbook, in its place.
type oldSheet struct{ name, part string }

// Open opens a workbook that an earlier merge or template has made. Every part
// of the file is read to its end first: one that is damaged or cut short is an
// error.
func Open(path string) (*Old, error) {
	const wayOut = "open it in a spreadsheet program and save it as a plain .xlsx, or take an older copy"
	p, err := openPack(path)
	if err != nil {
		return nil, fmt.Errorf("opening workbook %s: %w (%s)", path, err, wayOut)
	}
	o := &Old{path: path, pack: p}
	if err := o.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading workbook %s: %w", path, err), o.Close())
	}
	return o, nil
}

// Close closes the file and removes the temporary ones.
func (o *Old) Close() error {
	if o.file != nil {
		return errors.Join(o.pack.Close(), o.file.Close())
	}
	return o.pack.Close()
}

func (o *Old) read() (err error) {
	if err := o.readSheets(); err != nil {
		return err
	}
	if o.texts, err = o.pack.texts(); err != nil {
		return err
	}
	if o.formats, err = o.pack.formats(); err != nil {
		return err
	}
	if err := o.findRuns(); err != nil {
		return err
	}
	if err := o.readLimits(); err != nil {
		return err
	}
	return o.readFirewall()
}

func isRunsHead(head []string) bool {
	l := runLayout()
	return slices.ContainsFunc(head, func(h string) bool { return l.find(h) == l.runID })
}

const workbookPart = "xl/workbook.xml"

// readSheets reads which sheets there are, and how dates count.
func (o *Old) readSheets() error {
	rels, err := o.pack.relations(workbookPart)
	if err != nil {
		return err
	}
	err = o.pack.walkPart(workbookPart, func(element xml.StartElement, _ []string) error {
		switch element.Name.Local {
		case "workbookPr":
			o.macs = isTrue(attribute(element, "date1904"))
		case "sheet":
			o.list = append(o.list, oldSheet{attribute(element, "name"), partOf(element, rels)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, sheet := range o.list {
		for _, other := range o.list[:i] {
			if strings.EqualFold(sheet.name, other.name) {
				return fmt.Errorf("it has two sheets %s and %s: rename one", other.name, sheet.name)
			}
		}
	}
	return nil
}

func isTrue(text string) bool { return text == "1" || text == "true" || text == "on" }

// partOf is the part that the r:id of an element leads to.
func partOf(element xml.StartElement, rels []relation) string {
	for _, attr := range element.Attr {
		if attr.Name.Local != "id" || attr.Name.Space == "" {
			continue
		}
		for _, rel := range rels {
			if rel.ID == attr.Value {
				return rel.part(workbookPart)
			}
		}
	}
	return ""
}

// part is the path of a sheet's XML in the file; "" where there is none.
func (o *Old) part(sheet string) string {
	for _, s := range o.list {
		if strings.EqualFold(s.name, sheet) {
			return s.part
		}
	}
	return ""
}

// header is the first row of a sheet, as texts.
func (o *Old) header(sheet string) (head []string, err error) {
	part := o.part(sheet)
	if part == "" {
		return nil, errors.New("there is none of that name")
	}
	err = o.pack.scan(part, o.texts, nil, func(row sheetRow) error {
		if row.number == 1 {
			head = row.line()
		}
		return errStop
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	if err == nil && head == nil {
		err = errors.New("its first row is empty")
	}
	return head, err
}

// findRuns finds the sheets that hold runs: Runs, Runs 2, … A sheet of such a
// name whose first row is not that of runs is somebody's own.
func (o *Old) findRuns() error {
	head, err := o.header(SheetRuns)
	if err != nil {
		return fmt.Errorf("it has no sheet %s that can be read: it is not a workbook of netready (%w)", SheetRuns, err)
	}
	if !isRunsHead(head) {
		return fmt.Errorf("the sheet %s has no column %q in its first row: it is not a workbook of netready", SheetRuns, "Run ID")
	}
	for part := 0; err == nil && isRunsHead(head); part++ {
		o.runs = append(o.runs, runsSheet(part))
		if o.part(runsSheet(part+1)) == "" {
			return nil
		}
		head, err = o.header(runsSheet(part + 1))
	}
	return nil // a sheet without a first row is not one of runs
}

// isOurs says whether a sheet is one that Write makes.
func (o *Old) isOurs(name string) bool {
	return slices.ContainsFunc(append(derivedSheets(), o.runs...), func(ours string) bool { return strings.EqualFold(ours, name) })
}

// derivedSheets are our sheets that are made anew from the runs.
func derivedSheets() []string {
	return []string{SheetSummary, SheetFirewall, SheetMachines, SheetByHour, SheetLeftOut, SheetAbout}
}

var errStop = errors.New("stop")

// Rows streams the runs. A row's number, for messages, is its OldRow. The
// first error ends them: until then what was read is not known to be all.
func (o *Old) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, name := range o.runs {
			if err := o.rowsOf(name, yield); err != nil {
				if !errors.Is(err, errStop) {
					yield(Row{}, fmt.Errorf("reading sheet %s of %s: %w", name, o.path, err))
				}
				return
			}
		}
	}
}

// Pasted streams the runs of TXTs that somebody has pasted whole into sheets
// of their own.
func (o *Old) Pasted() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, sheet := range o.list {
			if o.isOurs(sheet.name) || sheet.name == sheetHowTo || !strings.HasPrefix(partName(sheet.part), "xl/worksheets/") {
				continue
			}
			if err := o.pastedIn(sheet, yield); err != nil {
				if !errors.Is(err, errStop) {
					yield(Row{}, fmt.Errorf("reading sheet %s of %s: %w", sheet.name, o.path, err))
				}
				return
			}
		}
	}
}

// readLimits takes the limits that people have edited in About.
func (o *Old) readLimits() error {
	part := o.part(SheetAbout)
	if part == "" {
		return nil // a workbook without About: its limits are the defaults
	}
	return o.pack.scanLoosely(part, o.texts, nil, func(row sheetRow) error {
		for _, bound := range bounds() {
			if row.at(4).text != bound.name {
				continue
			}
			if value, ok := number(o.typed(row.at(2))); ok {
				bound.set(&o.Limits, value)
			} else if value, ok := parseNumber(row.at(2).text); ok {
				bound.set(&o.Limits, value)
			}
		}
		return nil
	})
}

// readFirewall reads the sheet Firewall back, because a row of Runs does not
// hold every port.
func (o *Old) readFirewall() error {
	part := o.part(SheetFirewall)
	if part == "" {
		return nil
	}
	var head []string
	return o.pack.scan(part, o.texts, nil, func(row sheetRow) error {
		cells := row.line()
		if row.number == 1 {
			head = cells
			return nil
		}
		if len(head) < len(firewallHead) || !slices.Equal(head[:len(firewallHead)], firewallHead) || len(cells) <= len(firewallHead) {
			return nil // not as we wrote it: newer runs will fill it
		}
		ports := MachinePorts{Organization: cells[0], Machine: cells[1], Location: cells[2], Region: cells[3], RunID: cells[4]}
		ports.Started, _ = o.time(row.at(6), "")
		for i := len(firewallHead); i < len(cells) && i < len(head); i++ {
			if cells[i] == sayPass && o.formats.isOptional(row.at(i+1).style) {
				cells[i] += optionalEnd
			}
			if cells[i] != "" {
				ports.Ports, ports.Says = append(ports.Ports, head[i]), append(ports.Says, cells[i])
			}
		}
		o.Firewall = append(o.Firewall, ports)
		return nil
	})
}
