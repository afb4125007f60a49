package merge

import (
	"fmt"

	"netready/report"
	"netready/report/workbook"
)

// mostLeftOut bounds the sources that are named one by one.
const mostLeftOut = 50_000

// leaveOut notes sources that were not used. Names and reasons may come from
// anywhere, so control characters in them are removed.
func (c *collection) leaveOut(list ...workbook.LeftOut) {
	for _, one := range list {
		if len(c.leftOut) == mostLeftOut {
			c.unnamed++
			continue
		}
		one.Source, one.Reason = report.OneLine(one.Source), report.OneLine(one.Reason)
		c.leftOut = append(c.leftOut, one)
	}
}

// leaveOutUnnamed adds a line with the number of those that are not named.
func (c *collection) leaveOutUnnamed() {
	if c.unnamed > 0 {
		c.leftOut = append(c.leftOut, workbook.LeftOut{Source: fmt.Sprintf("and %d more", c.unnamed), Reason: "too many to be named"})
	}
}

// repeated notes a source with a run that another source has too.
func (c *collection) repeated(id string, place int32) {
	if len(c.repeats) < mostLeftOut {
		c.repeats[place] = id
	}
}

// leaveOutRepeated lists the sources named by the user of which nothing was used,
// because other sources have the same runs. The TXT and the JSON of a run count as
// one source.
func (c *collection) leaveOutRepeated() {
	if len(c.repeats) == 0 {
		return
	}
	for _, e := range c.entries {
		delete(c.repeats, e.from)
	}
	for place, id := range c.repeats {
		if name := c.named[place]; name != "" {
			c.leaveOut(workbook.LeftOut{Source: name, Reason: fmt.Sprintf("its run %s is in another source too: it counts once", id)})
		}
	}
}
