package merge

import (
	"fmt"

	"netready/report"
	"netready/report/workbook"
)

// mostLeftOut bounds the sources that are named one by one.
const mostLeftOut = 50_000

// leaveOut notes sources that were not used. Names and reasons may come from
// anywhere: nothing in them moves a cursor or turns a line around.
func (c *collection) leaveOut(list ...workbook.LeftOut) {
	for _, one := range list {
		if len(c.leftOut) == mostLeftOut {
			c.silent++
			continue
		}
		one.Source, one.Reason = report.OneLine(one.Source), report.OneLine(one.Reason)
		c.leftOut = append(c.leftOut, one)
	}
}

// leaveOutUnnamed says how many more there are.
func (c *collection) leaveOutUnnamed() {
	if c.silent > 0 {
		c.leftOut = append(c.leftOut, workbook.LeftOut{Source: fmt.Sprintf("and %d more", c.silent), Reason: "too many to be named"})
	}
}

// repeated notes that a source tells a run once more.
func (c *collection) repeated(id string, place int32) {
	if len(c.twice) < mostLeftOut {
		c.twice[place] = id
	}
}

// leaveOutRepeated names the sources that the user has named and of which nothing
// was used, because others told the same runs. A TXT and the JSON of one run
// are one.
func (c *collection) leaveOutRepeated() {
	if len(c.twice) == 0 {
		return
	}
	for _, e := range c.entries {
		delete(c.twice, e.from)
	}
	for place, id := range c.twice {
		if name := c.named[place]; name != "" {
			c.leaveOut(workbook.LeftOut{Source: name, Reason: fmt.Sprintf("its run %s is in another source too: it counts once", id)})
		}
	}
}
