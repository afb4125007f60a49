// Package workbook writes the runs of many machines into one Excel workbook,
// and reads such a workbook back. It streams: a workbook of 100,000 runs takes
// some ten megabytes of index, whatever the runs weigh.
package workbook

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// The sheets of a workbook, in their order. Everything else in a workbook
// belongs to the people who work with it.
const (
	SheetSummary  = "Summary"
	SheetRuns     = "Runs" // goes on in "Runs 2" where a sheet is full
	SheetFirewall = "Firewall"
	SheetMachines = "Machines"
	SheetByHour   = "By hour"
	SheetLeftOut  = "Left out"
	SheetAbout    = "About"
	sheetHowTo    = "How to" // of a template only
)

// MediaType is that of the file.
const MediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// maxSheetRows is what a sheet holds, its header included (Excel's limit).
const maxSheetRows = excelize.TotalRows

// A Writer is the settings of one workbook; the runs are given to Write.
type Writer struct {
	Limits   thresholds.Limits // stand in About, where people edit them
	Version  string            // of the program
	Made     time.Time         // when the workbook is made
	Sources  []string          // what it is made from, as the user named it
	Zone     *time.Location    // of the hours of the day; nil: UTC
	Samples  bool              // a template: the rows are samples
	Old      *Old              // the workbook that is added to; nil: a new one
	Firewall []MachinePorts    // what older workbooks said of ports
	MaxRows  int               // rows of a sheet; 0: as many as Excel allows
}

// A Row is one row of the sheet Runs.
type Row struct {
	Cells  []any      // in the order of RunColumns: string, float64, time.Time or nil
	Ports  []PortCell // the firewall column; nil where the row came without one
	Extra  []ExtraCell
	Styled []ExtraCell // our own cells that people gave a style or a formula: Column is the place in Cells
	Doubts []Doubt     // figures that were not taken; Remarks names them
	OldRow int         // where the row stood in the old workbook; 0: it is new

	coded bool // read from its Row code
}

// A PortCell is what one run says about one port.
type PortCell struct {
	Name     string
	Family   string // ipv4 or ipv6, where both were tried
	Status   string // facts.StatusPass, …
	Reason   string
	Required bool
}

// LeftOut is a source that gave no row, and why.
type LeftOut struct {
	Source string
	Line   int // 0: the whole of it
	Reason string
}

// Write streams the rows into a workbook. total is the number of rows, which
// a spreadsheet wants to know before the first one.
func (wb Writer) Write(w io.Writer, total int, rows iter.Seq2[Row, error], leftOut []LeftOut) error {
	f := excelize.NewFile()
	defer f.Close()
	if wb.Old != nil {
		if err := wb.Old.load(); err != nil {
			return err
		}
		f = wb.Old.edition.File
	}
	b := &book{Writer: wb, file: f, tally: newTally(wb.zone())}
	if b.MaxRows == 0 {
		b.MaxRows = maxSheetRows
	}
	defer b.close()
	if err := b.prepare(total); err != nil {
		return fmt.Errorf("preparing the workbook: %w", err)
	}
	if err := b.runs(total, rows); err != nil {
		return fmt.Errorf("writing sheet %s: %w", SheetRuns, err)
	}
	for _, sheet := range []struct {
		name  string
		write func() error
	}{
		{SheetFirewall, b.firewall},
		{SheetMachines, b.machines},
		{SheetByHour, b.hours},
		{SheetLeftOut, func() error { return b.leftOut(leftOut) }},
		{SheetAbout, b.about},
		{SheetSummary, func() error { return b.summary(len(leftOut)) }},
	} {
		if err := sheet.write(); err != nil {
			return fmt.Errorf("writing sheet %s: %w", sheet.name, err)
		}
	}
	return b.finish(w)
}

func (wb Writer) zone() *time.Location {
	if wb.Zone == nil {
		return time.UTC
	}
	return wb.Zone
}

// book is a workbook that is being written.
type book struct {
	Writer
	file  *excelize.File
	style styles
	tally *tally
	parts int                // sheets that the runs take
	rows  []*ooxml.RowWriter // of each part
	// rows of the derived sheets that charts and formulas point to
	machineRows int
}

// prepare makes our sheets, empty and in order.
func (b *book) prepare(total int) error {
	perSheet := b.MaxRows - 1
	b.parts = max(1, (total+perSheet-1)/perSheet)
	names := []string{SheetSummary}
	for part := range b.parts {
		names = append(names, runsSheet(part))
	}
	names = append(names, SheetFirewall, SheetMachines, SheetByHour, SheetLeftOut, SheetAbout)
	if b.Samples {
		names = append([]string{sheetHowTo}, names...)
	}
	if b.Old != nil {
		if err := b.Old.edition.Reset(SheetSummary, b.Old.runs[1:]); err != nil {
			return err
		}
	}
	if err := b.sheets(names); err != nil {
		return err
	}
	if err := errors.Join(b.limitNames(), b.printed()); err != nil {
		return err
	}
	var err error
	b.style, err = newStyles(b.file)
	if err == nil && b.Samples {
		err = b.howTo()
	}
	return err
}

// sheets adds the sheets that are missing. New ones go in front of people's own,
// as in a new workbook; ours that exist stay where they are.
func (b *book) sheets(names []string) error {
	isNew := b.Old == nil
	for i, name := range names {
		index, err := b.file.GetSheetIndex(name)
		if err != nil {
			return err
		}
		switch {
		case index >= 0:
			continue
		case isNew && i == 0:
			err = b.file.SetSheetName("Sheet1", name)
		default:
			_, err = b.file.NewSheet(name)
		}
		if err != nil {
			return err
		}
		if !isNew && i > 0 {
			ooxml.MoveBehind(b.file, name, names[i-1])
		}
	}
	if isNew {
		b.file.SetActiveSheet(0)
		return nil
	}
	b.Old.edition.Show(ooxml.Place(b.file, SheetSummary))
	return nil
}

// finish writes the parts out. Excel computes the formulas anew when it opens
// the workbook; the values we stored are for everybody else.
func (b *book) finish(w io.Writer) error {
	full := true
	if err := b.file.SetCalcProps(&excelize.CalcPropsOptions{FullCalcOnLoad: &full}); err != nil {
		return err
	}
	if err := b.properties(); err != nil {
		return err
	}
	if b.Old != nil {
		b.Old.edition.Tidy()
	}
	return ooxml.WriteTo(b.file, w, b.rows)
}

// close removes the temporary files.
func (b *book) close() {
	for _, rows := range b.rows {
		_ = rows.Close() // nothing to lose
	}
}

func (b *book) properties() error {
	made := b.Made.UTC().Format(time.RFC3339)
	return b.file.SetDocProps(&excelize.DocProperties{Title: "netready: network readiness", Creator: "netready " + b.Version, Created: made, Modified: made})
}

func runsSheet(part int) string {
	if part == 0 {
		return SheetRuns
	}
	return fmt.Sprintf("%s %d", SheetRuns, part+1)
}
