package workbook

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// noPlace is shown for runs without a location.
const noPlace = "(none given)"

// placeCriterion is what COUNTIFS compares locations with.
func (b *book) placeCriterion(row int, none bool) string {
	if none {
		return `"="`
	}
	return criterion(ooxml.CellName(1, row))
}

// placesBlock sums the runs up by location. top is the row of its header.
func (b *book) placesBlock(top int) block {
	layout := runLayout()
	t := block{
		title: placesTitle, note: "Medians of all runs at the place.",
		head: []any{placesHead, "Runs", "Not ready", "Not ready (%)", "MOS up", "MOS down", "Jitter up (ms)", "Jitter down (ms)", "Loss up (%)", "Loss down (%)", "RTT avg (ms)"},
	}
	groups := slices.Collect(b.tally.by(func(run tallied) int64 { return int64(run.location) }))
	slices.SortStableFunc(groups, func(x, y group) int {
		return cmp.Or(cmp.Compare(y.badShare(), x.badShare()), cmp.Compare(len(y.runs), len(x.runs)))
	})
	for _, g := range groups[:min(len(groups), placesShown)] {
		name := b.tally.locations.values[g.runs[0].location]
		if name == "" {
			name = noPlace
		}
		at := len(t.rows) + top + 1
		row := []any{
			name, len(g.runs),
			excelize.Cell{Formula: b.countOf(thresholds.NotReady, match{layout.location, b.placeCriterion(at, name == noPlace)}), Value: g.notReady},
			excelize.Cell{StyleID: b.style.one, Formula: fmt.Sprintf("IF(B%d=0,0,ROUND(100*C%d/B%d,1))", at, at, at), Value: g.badShare()},
		}
		for _, i := range shownFigures {
			row = append(row, b.figure(spreadOf(g.runs, i).median))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// colourSummary marks what breaks its limit in the tables.
func (b *book) colourSummary(worst, places block) error {
	column := func(t block, column int) area { return area{column, t.top + 1, column, t.top + max(1, len(t.rows))} }
	for i, figure := range shownFigures {
		bad := rule{graded[figure].condition, &b.style.bad}
		if err := errors.Join(b.colour(SheetSummary, column(worst, worstFigures+i), bad), b.colour(SheetSummary, column(places, 5+i), bad)); err != nil {
			return err
		}
	}
	return errors.Join(b.bars(SheetSummary, column(worst, 5), "100", colourBar), b.bars(SheetSummary, column(places, 4), "100", colourBar))
}
