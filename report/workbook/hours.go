package workbook

import (
	"errors"
	"fmt"
	"math"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
)

// Rows of the sheet By hour.
const (
	hoursHead  = 4 // header; hour 0 stands in the row below
	weekTitle  = hoursHead + 26
	weekHead   = weekTitle + 1
	hoursFixed = 4 // columns before the figures

	linesFirst   = 27 // columns that draw the limits into charts: to the right of all else
	hoursColumns = 30
)

var weekdays = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// hours writes the heat maps: a network must carry the busiest hour of the day.
func (b *book) hours() error {
	s, err := b.open(SheetByHour, "A1:"+ooxml.CellName(hoursColumns-1, weekHead+7))
	if err != nil {
		return err
	}
	widths := []float64{14}
	for range 24 {
		widths = append(widths, 11)
	}
	head := []any{"Hour", "Runs", "Not ready", "Not ready (%)"}
	for _, m := range graded {
		head = append(head, m.header)
	}
	for len(head) < linesFirst-1 {
		head = append(head, nil)
	}
	head = append(head, "for the charts: jitter limit", "loss limit, up", "loss limit, down")
	groups, week := b.byHour()
	if err := errors.Join(s.widths(widths...), s.freeze(hoursHead, 1),
		s.addRow(excelize.RowOpts{Height: 30}, excelize.Cell{StyleID: b.style.title, Value: "By hour of the day"}),
		s.add(excelize.Cell{StyleID: b.style.subtitle, Value: "95th percentile of the runs that started in the hour: 95 % of them were as good as that, or better. Red breaks its limit in About. Hours are in the time zone " + b.zone().String() + "; other sheets show UTC."}),
		s.add(), s.addRow(excelize.RowOpts{Height: 32}, styled(b.style.header, head...)...)); err != nil {
		return err
	}
	for hour, g := range groups {
		cells := []any{fmt.Sprintf("%02d", hour), len(g.runs), nil, nil}
		if len(g.runs) > 0 {
			cells[2], cells[3] = g.notReady, excelize.Cell{StyleID: b.style.one, Value: g.badShare()}
		}
		for i := range graded {
			cells = append(cells, b.figure(spreadOf(g.runs, i).p95))
		}
		cells = append(cells, b.limitLines(hour, len(cells))...)
		if err := s.add(cells...); err != nil {
			return err
		}
	}
	if err := b.week(s, week); err != nil {
		return err
	}
	if err := b.colourHours(); err != nil {
		return err
	}
	return s.Flush()
}

// limitLines are the cells that draw the limits into the charts: of jitter in
// every hour, and of loss two lines of two points each.
func (b *book) limitLines(hour, filled int) []any {
	var cells []any
	for filled++; filled < linesFirst; filled++ {
		cells = append(cells, nil)
	}
	line := func(formula string, value float64) any {
		return excelize.Cell{StyleID: b.style.faint, Formula: formula, Value: value}
	}
	limits := limitValues(b.Limits)
	jitter, loss := limits[graded[jitterUp].limit], limits[graded[lossUp].limit]
	cells = append(cells, line(graded[jitterUp].limit, jitter))
	end := 1.0
	for _, run := range b.tally.runs {
		for _, i := range []int{lossUp, lossDown} {
			if x := float64(run.figures[i]); x > end { // false for what was not measured
				end = math.Ceil(x)
			}
		}
	}
	limit, far := line(graded[lossUp].limit, loss), line(fmt.Sprintf("MAX(%s,1.2*%s)", figureText(end), graded[lossUp].limit), max(end, 1.2*loss))
	switch hour {
	case 0:
		return append(cells, limit, line("0", 0))
	case 1, 2: // the corner
		if hour == 1 {
			return append(cells, limit, far)
		}
		return append(cells, line("0", 0), limit)
	case 3:
		return append(cells, far, limit)
	}
	return cells
}

// byHour groups the runs, and counts them by weekday and hour.
func (b *book) byHour() (groups [24]group, week [7][24]group) {
	for g := range b.tally.by(func(run tallied) int64 { return int64(run.hour)*8 + int64(run.weekday) }) {
		if run := g.runs[0]; run.hour >= 0 {
			week[run.weekday][run.hour] = g
		}
	}
	for g := range b.tally.by(func(run tallied) int64 { return int64(run.hour) }) {
		if hour := g.runs[0].hour; hour >= 0 {
			groups[hour] = g
		}
	}
	return groups, week
}

// week writes the share of runs that are not ready by weekday and hour.
func (b *book) week(s *sheet, week [7][24]group) error {
	for s.row < weekTitle-2 {
		if err := s.add(); err != nil {
			return err
		}
	}
	head := []any{"Not ready (%)"}
	for hour := range 24 {
		head = append(head, fmt.Sprintf("%02d", hour))
	}
	if err := errors.Join(s.add(),
		s.add(excelize.Cell{StyleID: b.style.heading, Value: "Not ready by weekday and hour, percent of the runs (empty: no run)"}),
		s.add(styled(b.style.header, head...)...)); err != nil {
		return err
	}
	for day, hours := range week {
		cells := []any{weekdays[day]}
		for _, g := range hours {
			if len(g.runs) == 0 {
				cells = append(cells, nil)
				continue
			}
			cells = append(cells, excelize.Cell{StyleID: b.style.one, Value: g.badShare()})
		}
		if err := s.add(cells...); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) colourHours() error {
	const good, middle, bad = "#63BE7B", "#FFEB84", colourBar
	share := []excelize.ConditionalFormatOptions{{
		Type: "3_color_scale", Criteria: "=", MinType: "num", MinValue: "0", MidType: "num", MidValue: "20", MaxType: "num", MaxValue: "100",
		MinColor: good, MidColor: middle, MaxColor: bad,
	}}
	column := func(column int) area { return area{column, hoursHead + 1, column, hoursHead + 24} }
	if err := errors.Join(
		b.file.SetConditionalFormat(SheetByHour, column(4).String(), share),
		b.file.SetConditionalFormat(SheetByHour, area{2, weekHead + 1, 25, weekHead + 7}.String(), share),
		b.bars(SheetByHour, column(2), "", "#93C5FD"),
	); err != nil {
		return err
	}
	for i, m := range graded {
		if err := b.colour(SheetByHour, column(hoursFixed+1+i), rule{m.condition, &b.style.bad}); err != nil {
			return err
		}
	}
	return nil
}
