package merge

import (
	"fmt"
	"strings"

	"netready/report"
	"netready/report/workbook"
)

// openOld reads the whole workbook that is added to. It fails where anything in it
// is damaged or would be lost.
func (c *collection) openOld() error {
	old, err := openExisting(c.merge.Out)
	if err != nil || old == nil {
		return err
	}
	c.old, c.firewall = old, old.Firewall
	c.limits = workbook.Over(old.Limits, c.limits)
	place := int32(0)
	for row, err := range old.Rows() {
		if err != nil {
			return fmt.Errorf("%w; nothing was changed: open it in a spreadsheet program and save it again if it shows all rows there, or take an older copy (.bak)", err)
		}
		if row.IsSample() {
			continue
		}
		place++
		c.noteDoubts(row, c.merge.Out)
		if err := c.takeOld(row, place); err != nil {
			return err
		}
	}
	for row, err := range old.Pasted() {
		if err != nil {
			return err
		}
		c.noteDoubts(row, c.merge.Out)
		row.Label(report.OneLine(c.merge.Out), nil)
		if err := c.takeRow(rankedRow{row, rankWorkbook}, 0); err != nil {
			return err
		}
	}
	return old.CheckAppend()
}

func (c *collection) takeOld(row workbook.Row, place int32) error {
	id := row.RunID()
	c.known.add(row.Source())
	own := id == ""
	if own {
		id = fmt.Sprintf("row %d of %d", row.OldRow, place) // somebody's own: it stays as it is
	}
	if at, seen := c.byID[id]; seen {
		return c.joinOld(at, row)
	}
	slot, err := c.spool.put(row)
	if err != nil {
		return err
	}
	c.byID[id] = len(c.entries)
	c.entries = append(c.entries, entry{id: id, started: row.Started().UnixMilli(), old: slot, place: place, hasOld: true, own: own})
	return nil
}

// joinOld keeps what people typed beside a run that is in the workbook twice. Two
// rows of different runs with one Run ID were damaged or edited: neither may be
// deleted.
func (c *collection) joinOld(at int, row workbook.Row) error {
	if err := c.spool.flush(); err != nil {
		return err
	}
	first, err := c.spool.get(c.entries[at].old)
	if err != nil {
		return err
	}
	if what := first.Contradicts(row); what != "" {
		return fmt.Errorf("%s: the rows %d and %d of %s have the same Run ID and differ in %s: correct or delete one of them; nothing was changed",
			c.merge.Out, first.OldRow, row.OldRow, workbook.SheetRuns, what)
	}
	first.Adopt(row)
	c.entries[at].old, err = c.spool.put(first)
	return err
}

// doubted is a figure of a row that was not taken.
type doubted struct {
	runID   string
	leftOut workbook.LeftOut
}

// mostDoubts bounds the figures that are listed one by one.
const mostDoubts = 10_000

func (c *collection) noteDoubts(row workbook.Row, source string) {
	for _, doubt := range row.Doubts {
		if len(c.doubts) == mostDoubts {
			return
		}
		c.doubts = append(c.doubts, doubted{strings.Clone(row.RunID()), doubtOf(row, doubt, source)})
	}
}

func doubtOf(row workbook.Row, doubt workbook.Doubt, source string) workbook.LeftOut {
	return workbook.LeftOut{
		Source: source, Line: row.OldRow,
		Reason: fmt.Sprintf("run %s: %q was not taken: %s, made by a spreadsheet out of what was pasted; give the TXT or JSON of this run to netready merge --append", row.RunID(), doubt.Column, doubt.Says),
	}
}

// leaveOutDoubts lists the figures that no other source has.
func (c *collection) leaveOutDoubts() {
	for _, d := range c.doubts {
		if at, ok := c.byID[d.runID]; ok && c.entries[at].hasRow && c.entries[at].rank > rankWorkbook {
			continue
		}
		c.leaveOut(d.leftOut)
	}
	c.doubts = nil
}
