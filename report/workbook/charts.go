package workbook

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
)

// chartPoints bounds the dots of the scatter chart: nobody can tell more of them
// apart, and spreadsheets become slow.
const chartPoints = 2000

// charts draws the four pictures of Summary.
func (b *book) charts(worst, ports block) error {
	mos := b.mosChart(worst)
	for _, chart := range []struct {
		cell  string
		chart *excelize.Chart
		limit []*excelize.Chart // drawn over it
	}{
		{ooxml.CellName(1, chartRow), mos, []*excelize.Chart{mosLimit(worst, mos)}},
		{ooxml.CellName(7, chartRow), b.jitterChart(), nil},
		{ooxml.CellName(1, chartRow+chartRows), portsChart(ports), nil},
		{ooxml.CellName(7, chartRow+chartRows), b.lossChart(), nil},
	} {
		if chart.chart == nil {
			continue
		}
		if err := ooxml.AddChart(b.file, SheetSummary, chart.cell, chart.chart, chart.limit...); err != nil {
			return fmt.Errorf("drawing a chart: %w", err)
		}
	}
	return nil
}

// mosChart shows the lowest MOS of the worst machines.
func (b *book) mosChart(t block) *excelize.Chart {
	least, most := 1.0, 4.5
	chart := newChart(excelize.Col, "Lowest MOS of the worst machines", "", "MOS")
	chart.YAxis.Minimum, chart.YAxis.Maximum = &least, &most
	chart.YAxis.MajorUnit = 0.5
	rows := func(column int) string { return cells(SheetSummary, column, t.top+1, t.top+len(t.rows)) }
	chart.Series = []excelize.ChartSeries{
		bars("Up", rows(1), rows(worstFigures), colourUp),
		bars("Down", rows(1), rows(worstFigures+1), colourDown),
	}
	return chart
}

// mosLimit draws the limit over the bars. A spreadsheet takes the axes from here.
func mosLimit(t block, over *excelize.Chart) *excelize.Chart {
	rows := func(column int) string { return cells(SheetSummary, column, t.top+1, t.top+len(t.rows)) }
	return &excelize.Chart{Type: excelize.Line, XAxis: over.XAxis, YAxis: over.YAxis, Series: []excelize.ChartSeries{limitLine("Limit", rows(1), rows(worstLimit))}}
}

// limitLine is a line without marks.
func limitLine(name, categories, values string) excelize.ChartSeries {
	return excelize.ChartSeries{
		Name: name, Categories: categories, Values: values, Fill: solid(colourFail),
		Line:   excelize.LineOptions{Type: excelize.LineSolid, Width: 1.5, Dash: excelize.LineDashDash, Fill: solid(colourFail)},
		Marker: excelize.ChartMarker{Symbol: "none"},
	}
}

// jitterChart shows the 95th percentiles of By hour.
func (b *book) jitterChart() *excelize.Chart {
	chart := newChart(excelize.Line, "Jitter by hour of the day, 95th percentile (ms)", "hour, "+b.zone().String(), "ms")
	chart.YAxis.Minimum = new(0.0)
	rows := func(column int) string { return cells(SheetByHour, column, hoursHead+1, hoursHead+24) }
	for i, side := range []struct{ name, colour string }{{"Up", colourUp}, {"Down", colourDown}} {
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name: side.name, Categories: rows(1), Values: rows(hoursFixed + 1 + jitterUp + i),
			Fill:   solid(side.colour),
			Line:   excelize.LineOptions{Width: 2.25, Fill: solid(side.colour)},
			Marker: excelize.ChartMarker{Symbol: "circle", Size: 6, Fill: solid(side.colour)},
		})
	}
	chart.Series = append(chart.Series, limitLine("Limit", rows(1), rows(linesFirst)))
	return chart
}

const portsTitle = "Required ports: machines where they fail"

// portsChart shows on how many machines each required port fails; nil where none
// fails. Optional ports are in the table alone.
func portsChart(t block) *excelize.Chart {
	if t.failing == 0 {
		return nil
	}
	chart := newChart(excelize.Bar, portsTitle, "", "machines")
	chart.XAxis.ReverseOrder = true
	chart.YAxis.Minimum = new(0.0)
	chart.Legend.Position = "none"
	rows := func(column int) string { return cells(SheetSummary, column, t.top+1, t.top+t.failing) }
	chart.Series = []excelize.ChartSeries{bars("Machines failing", rows(1), rows(4), colourFail)}
	chart.PlotArea.ShowVal = true
	return chart
}

// lossChart shows loss up against loss down: of each run, or, where there are too
// many runs, of each machine at its 95th percentile.
func (b *book) lossChart() *excelize.Chart {
	layout := runLayout()
	title := "Loss up against down, each run (%)"
	sheet, up, down, rows := SheetRuns, layout.figures[lossUp]+1, layout.figures[lossDown]+1, len(b.tally.runs)
	if rows > chartPoints {
		title = "Loss up against down, each machine's 95th percentile (%)"
		sheet, up, down = SheetMachines, machineColumn(lossUp, 1), machineColumn(lossDown, 1)
		rows = min(b.machineRows, chartPoints)
	}
	chart := newChart(excelize.Scatter, title, "loss up (%)", "loss down (%)")
	zero := 0.0
	chart.XAxis.Minimum, chart.YAxis.Minimum = &zero, &zero
	chart.XAxis.MajorGridLines = true
	chart.Legend.Position = "none"
	last := max(2, rows+1)
	chart.Series = []excelize.ChartSeries{{
		Name: "Loss", Categories: cells(sheet, up, 2, last), Values: cells(sheet, down, 2, last),
		Line:   excelize.LineOptions{Type: excelize.LineNone},
		Marker: excelize.ChartMarker{Symbol: "circle", Size: 7, Fill: solid(colourUp), Border: excelize.LineOptions{Type: excelize.LineNone}},
	}}
	for i, name := range []string{"Limit up", "Limit down"} {
		first := hoursHead + 1 + 2*i
		chart.Series = append(chart.Series, limitLine(name, cells(SheetByHour, linesFirst+1, first, first+1), cells(SheetByHour, linesFirst+2, first, first+1)))
	}
	return chart
}

func newChart(kind excelize.ChartType, title, x, y string) *excelize.Chart {
	small := excelize.Font{Family: "Calibri", Size: 9, Color: colourFaint}
	axis := func(name string) excelize.ChartAxis {
		a := excelize.ChartAxis{Font: small}
		if name != "" {
			a.Title = words(name, 9, false)
		}
		return a
	}
	chart := &excelize.Chart{
		Type: kind, Title: words(title, 12, true),
		Dimension: excelize.ChartDimension{Width: 700, Height: 330},
		XAxis:     axis(x), YAxis: axis(y),
		Legend:       excelize.ChartLegend{Position: "bottom"},
		ShowBlanksAs: "gap",
		Border:       excelize.LineOptions{Fill: solid("D1D5DB")},
	}
	chart.YAxis.MajorGridLines = true
	return chart
}

func words(text string, size float64, bold bool) excelize.ChartTitle {
	return excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: text, Font: &excelize.Font{Family: "Calibri", Size: size, Bold: bold, Color: colourInk}}}}
}

func bars(name, categories, values, colour string) excelize.ChartSeries {
	return excelize.ChartSeries{Name: name, Categories: categories, Values: values, Fill: solid(colour)}
}

func solid(colour string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
}

// cells is a range in one column.
func cells(sheet string, column, first, last int) string {
	name := ooxml.ColumnName(column)
	return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", sheet, name, first, name, last)
}
