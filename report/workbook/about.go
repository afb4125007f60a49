package workbook

import (
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
)

// aboutFirst is the row of the first limit in About. The defined names point
// there.
const aboutFirst = 6

// limitNames defines limit_jitter and the other names of limits.
func (b *book) limitNames() error {
	for i, bound := range bounds() {
		_ = b.file.DeleteDefinedName(&excelize.DefinedName{Name: bound.name}) // absent in a new workbook
		err := b.file.SetDefinedName(&excelize.DefinedName{
			Name: bound.name, RefersTo: fmt.Sprintf("%s!$B$%d", SheetAbout, aboutFirst+i),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// about writes the limits, what the words mean, and what the workbook was made from.
func (b *book) about() error {
	s, err := b.open(SheetAbout, "A1:D80")
	if err != nil {
		return err
	}
	head := func(text string) []any { return []any{excelize.Cell{StyleID: b.style.heading, Value: text}} }
	if err := errors.Join(s.widths(34, 16, 12, 100),
		s.addRow(excelize.RowOpts{Height: 30}, excelize.Cell{StyleID: b.style.title, Value: "About this workbook"}),
		s.add(excelize.Cell{StyleID: b.style.subtitle, Value: "Made by netready " + b.Version}),
		s.add(), s.add(head("Limits: edit a yellow number, and the colours, Ready and the counts of Summary follow")...),
		s.add(styled(b.style.header, "A figure must be", "this", "unit", "name in formulas")...)); err != nil {
		return err
	}
	for _, bound := range bounds() {
		var value any
		if number, ok := bound.value(b.Limits); ok {
			value = number
		}
		if err := s.add(fmt.Sprintf("%s: %s", bound.label, sign(bound.Measure)), excelize.Cell{StyleID: b.style.input, Value: value}, bound.Unit, bound.name); err != nil {
			return err
		}
	}
	for _, section := range b.aboutSections() {
		if err := errors.Join(s.add(), s.add(head(section.title)...)); err != nil {
			return err
		}
		for _, line := range section.lines {
			cells := []any{
				excelize.Cell{StyleID: b.style.text, Value: line[0]}, excelize.Cell{StyleID: b.style.wrap, Value: line[1]},
			}
			height := 15.0 * float64(1+len(line[1])/125)
			if err := s.addRow(excelize.RowOpts{Height: min(height, 400)}, cells...); err != nil {
				return err
			}
			if err := s.MergeCell(ooxml.CellName(2, s.row), ooxml.CellName(4, s.row)); err != nil {
				return err
			}
		}
	}
	return s.Flush()
}

type section struct {
	title string
	lines [][2]string
}

func (b *book) aboutSections() []section {
	made := [][2]string{
		{"When", b.Made.UTC().Format("2006-01-02 15:04:05") + " UTC"},
		{"From", strings.Join(b.Sources, ", ")},
		{"Runs", fmt.Sprint(len(b.tally.runs))},
	}
	if b.parts > 1 {
		made = append(made, [2]string{"More than one sheet", fmt.Sprintf("A sheet holds %d rows, so the runs go on in %s to %s.", b.MaxRows, runsSheet(1), runsSheet(b.parts-1))})
	}
	if b.Old != nil {
		made = append(made, [2]string{"Added to", fmt.Sprintf("a workbook that existed. %s, %s, %s, %s, %s and this sheet were written again; %s kept its rows, Notes and the columns to the right.", SheetSummary, SheetFirewall, SheetMachines, SheetByHour, SheetLeftOut, SheetRuns)})
	}
	if b.tally.otherLimit > 0 {
		made = append(made, [2]string{"Other limits", fmt.Sprintf("%d runs were judged by other limits than these when they were made: their Remarks say so. Ready follows the limits above.", b.tally.otherLimit)})
	}
	if b.tally.edited > 0 {
		made = append(made, [2]string{"Edited files", fmt.Sprintf("%d runs come from files that were changed after they were written: their Remarks say so.", b.tally.edited)})
	}
	if b.tally.ports.missed > 0 {
		made = append(made, [2]string{"Ports left out", fmt.Sprintf("Firewall shows the first %d differently named ports.", maxPorts)})
	}
	if text := b.tally.ports.withoutPortsText(); text != "" {
		made = append(made, [2]string{"Missing in " + SheetFirewall, text})
	}
	return []section{
		{"How it was made", made},
		{"Sheets", [][2]string{
			{SheetSummary, "Counts, the worst machines first, what fails most, places, hours. The counts are formulas over Runs."},
			{SheetRuns, "One row a run. Notes, and all columns to the right of ours, are yours: netready merge --append keeps them with their run. A TXT can be pasted whole below the last row: the next netready merge --append takes the run out of it. Row code is what a pasted line is read from."},
			{SheetFirewall, "Machines by ports: the newest run of each machine into each region."},
			{SheetMachines, "Each machine's median, 95th percentile and worst figures, and how often it is not ready." + b.machinesNote()},
			{SheetByHour, "95th percentiles by hour of the day, and where in the week runs were not ready when this was made."},
			{SheetLeftOut, "Every source that could not be used, with the reason."},
		}},
		{"What the words mean", [][2]string{
			{"Up, down", "From the machine to the responder, and back: each direction is measured alone."},
			{"Ready", "Follows the limits above: not_ready where a figure breaks its limit or a required port failed, undetermined where something was not measured, ready otherwise."},
			{"Verdict at run time", "What the report on the machine said, by the limits it had then."},
			{"Jitter (ms)", "RFC 3550, mean over the call."},
			{"Loss (%)", "Packets sent that did not arrive within 2 s."},
			{"Discards (%)", "Packets that came too late for the jitter buffer (60 ms unless set otherwise), of those sent."},
			{"Order (%)", "Share of packets that arrived in the order sent (RFC 4737)."},
			{"RTT avg (ms)", "Mean round trip."},
			{"MOS", "ITU-T G.107 (E-model), 1 to 4.5."},
			{"95th percentile", "On the bad side: 95 % of the runs were as good as that or better (nearest rank)."},
			{"Empty cell", "Not measured. It is never counted as zero, and never as passed."},
			{"Times", "UTC, in every sheet but By hour, which names its time zone."},
		}},
	}
}

// machinesNote says where counts do not follow the limits.
func (b *book) machinesNote() string {
	if b.machinesFollow() {
		return ""
	}
	return " With so many runs the counts there are numbers, by the limits of when this was made; run netready merge --append after editing a limit."
}

// leftOut lists what was not used.
func (b *book) leftOut(list []LeftOut) error {
	shown := list[:min(len(list), b.MaxRows-2)]
	s, err := b.open(SheetLeftOut, "A1:"+ooxml.CellName(3, max(2, len(shown)+1)))
	if err != nil {
		return err
	}
	if err := errors.Join(s.widths(70, 8, 110), s.freeze(1, 0), s.add(styled(b.style.header, "Source", "Line", "Reason")...)); err != nil {
		return err
	}
	if len(list) == 0 {
		if err := s.add("Nothing was left out."); err != nil {
			return err
		}
	}
	for _, one := range shown {
		var line any
		if one.Line > 0 {
			line = one.Line
		}
		if err := s.add(one.Source, line, one.Reason); err != nil {
			return err
		}
	}
	if len(shown) < len(list) {
		if err := s.add(fmt.Sprintf("and %d more", len(list)-len(shown))); err != nil {
			return err
		}
	}
	return s.Flush()
}
