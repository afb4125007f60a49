package workbook

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// An Old is a workbook that runs are read from, and that may be
// added to. Its rows are streamed.
type Old struct {
	Extra    []ExtraColumn     // columns that people have added to the right of ours; complete once Rows has ended
	Firewall []MachinePorts    // rows of the sheet Firewall
	Limits   thresholds.Limits // as they stand in About; a missing one is empty
	path     string
	pack     *ooxml.File
	runs     []string       // names of the sheets that hold runs
	edition  *ooxml.Edition // nil until something is added
	bare     map[int]int    // people's columns without a heading: place in Extra, by column
	foreign  []foreign      // what others have put on our sheets and would lose
}

// Open opens a workbook that an earlier merge or template has made. Every part
// of the file is read to its end first: one that is damaged or cut short is an
// error.
func Open(path string) (*Old, error) {
	const wayOut = "open it in a spreadsheet program and save it as a plain .xlsx, or take an older copy"
	p, err := ooxml.Open(path)
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
	if o.edition != nil {
		return errors.Join(o.pack.Close(), o.edition.Close())
	}
	return o.pack.Close()
}

func (o *Old) read() error {
	if err := o.pack.Read(); err != nil {
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

// header is the first row of a sheet, as texts.
func (o *Old) header(sheet string) (head []string, err error) {
	part := o.pack.Part(sheet)
	if part == "" {
		return nil, errors.New("there is no sheet of that name")
	}
	err = o.pack.Scan(part, nil, func(row ooxml.Row) error {
		if row.Number == 1 {
			head = row.Line()
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
		if o.pack.Part(runsSheet(part+1)) == "" {
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

// derivedSheets are our sheets that are written again from the runs.
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
		for _, sheet := range o.pack.Sheets {
			if o.isOurs(sheet.Name) || sheet.Name == sheetHowTo || !strings.HasPrefix(ooxml.PartName(sheet.Part), "xl/worksheets/") {
				continue
			}
			if err := o.pastedIn(sheet, yield); err != nil {
				if !errors.Is(err, errStop) {
					yield(Row{}, fmt.Errorf("reading sheet %s of %s: %w", sheet.Name, o.path, err))
				}
				return
			}
		}
	}
}

// readLimits takes the limits that people have edited in About.
func (o *Old) readLimits() error {
	part := o.pack.Part(SheetAbout)
	if part == "" {
		return nil // a workbook without About: its limits are the defaults
	}
	return o.pack.ScanLoosely(part, nil, func(row ooxml.Row) error {
		for _, bound := range bounds() {
			if row.At(4).Text != bound.name {
				continue
			}
			if value, ok := number(row.At(2).Typed()); ok {
				bound.set(&o.Limits, value)
			} else if value, ok := parseNumber(row.At(2).Text); ok {
				bound.set(&o.Limits, value)
			}
		}
		return nil
	})
}

// readFirewall reads the sheet Firewall back, because a row of Runs does not
// hold every port.
func (o *Old) readFirewall() error {
	part := o.pack.Part(SheetFirewall)
	if part == "" {
		return nil
	}
	var head []string
	return o.pack.Scan(part, nil, func(row ooxml.Row) error {
		cells := row.Line()
		if row.Number == 1 {
			head = cells
			return nil
		}
		if len(head) < len(firewallHead) || !slices.Equal(head[:len(firewallHead)], firewallHead) || len(cells) <= len(firewallHead) {
			return nil // not as we wrote it: newer runs fill the sheet
		}
		ports := MachinePorts{Organization: cells[0], Machine: cells[1], Location: cells[2], Region: cells[3], RunID: cells[4]}
		ports.Started, _ = o.time(row.At(6), "")
		for i := len(firewallHead); i < len(cells) && i < len(head); i++ {
			if cells[i] == sayPass && o.pack.Format(row.At(i+1).Style).Code == formatOptional {
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
