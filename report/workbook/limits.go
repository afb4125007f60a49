package workbook

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"netready/report"
	"netready/thresholds"
)

// A bound is one limit of the sheet About, with the defined name that formulas and conditional
// formats use.
type bound struct {
	thresholds.Measure

	name  string // limit_jitter
	label string
}

// bounds lists the limits in the order of About.
func bounds() []bound {
	list := []bound{}
	for _, m := range thresholds.Measures() {
		name, ways := m.Name, ", up and down"
		if m.Key == thresholds.Order {
			name = "Packets in order"
		}
		if m.Single() {
			ways = ", average"
		}
		list = append(list, bound{m, "limit_" + string(m.Key), name + ways})
	}
	return list
}

// value is the number of the limit, whichever way it is written.
func (b bound) value(l thresholds.Limits) (float64, bool) {
	limit := b.Limit(&l)
	switch {
	case b.AtLeast && limit.AtLeast != nil:
		return *limit.AtLeast, true
	case limit.Below != nil:
		return *limit.Below, true
	case limit.AtLeast != nil:
		return *limit.AtLeast, true
	}
	return 0, false
}

func (b bound) set(l *thresholds.Limits, value float64) {
	if b.AtLeast {
		*b.Limit(l) = thresholds.Limit{AtLeast: &value}
		return
	}
	*b.Limit(l) = thresholds.Limit{Below: &value}
}

// sign says on which side of its limit a figure must be.
func sign(m thresholds.Measure) string {
	if m.AtLeast {
		return "at least"
	}
	return "below"
}

// A measure is one graded figure of a run: a column of the sheet Runs.
type measure struct {
	thresholds.Measure
	way    thresholds.Way
	header string
	short  string // for Summary
	limit  string // the bound's name
}

// graded lists the figures that have a limit, in the order of the columns.
var graded = func() (list []measure) {
	for _, m := range thresholds.Measures() {
		for _, way := range m.Ways() {
			column, short := m.Column, m.Name
			if !m.Single() {
				column += " " + string(way)
				short = column
			}
			list = append(list, measure{m, way, report.WithUnit(column, m.Unit), short, "limit_" + string(m.Key)})
		}
	}
	return list
}()

// mostFigures is the room for the graded figures of a run: an array, because a workbook
// may have a hundred thousand runs. TestRoomForFigures says when it is too small.
const mostFigures = 16

// Places in graded of the figures that a sheet shows by name.
var (
	jitterUp   = placeOf(thresholds.Jitter, thresholds.Up)
	jitterDown = placeOf(thresholds.Jitter, thresholds.Down)
	lossUp     = placeOf(thresholds.Loss, thresholds.Up)
	lossDown   = placeOf(thresholds.Loss, thresholds.Down)
	rttAvg     = placeOf(thresholds.RTT, thresholds.ThereAndBack)
	mosUp      = placeOf(thresholds.MOS, thresholds.Up)
	mosDown    = placeOf(thresholds.MOS, thresholds.Down)
)

func placeOf(key thresholds.Key, way thresholds.Way) int {
	return slices.IndexFunc(graded, func(m measure) bool { return m.Key == key && m.way == way })
}

// breaks says whether a figure breaks its limit, exactly as condition does.
// What was not measured (NaN) breaks none.
func (m measure) breaks(figure float64, limits map[string]float64) bool {
	limit, ok := limits[m.limit]
	if !ok {
		return false
	}
	return thresholds.Breaks(figure, limit, m.AtLeast)
}

// over is the operator that is true where a figure breaks its limit.
func (m measure) over() string {
	if m.AtLeast {
		return "<"
	}
	return ">="
}

// condition is the formula that is true where the cell breaks its limit.
func (m measure) condition(cell string) string {
	return fmt.Sprintf("AND(ISNUMBER(%s),%s%s%s)", cell, cell, m.over(), m.limit)
}

// count is the formula for how many runs break the limit.
func (m measure) count(cells []string) string {
	var sums []string
	for _, cells := range cells {
		sums = append(sums, fmt.Sprintf(`COUNTIF(%s,"%s"&%s)`, cells, m.over(), m.limit))
	}
	return strings.Join(sums, "+")
}

// limitValues are the limits by their defined names.
func limitValues(l thresholds.Limits) map[string]float64 {
	values := map[string]float64{}
	for _, bound := range bounds() {
		if value, ok := bound.value(l); ok {
			values[bound.name] = value
		}
	}
	return values
}

// round3 undoes what a float32 does to three decimals.
func round3(x float32) float64 {
	return math.Round(float64(x)*1000) / 1000
}

// roughText is figureText for people: two decimals at most.
func roughText(x float64) string { return figureText(math.Round(x*100) / 100) }

// figureText shows a figure in a sentence.
func figureText(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// Over lays limits over others: a limit that is not set keeps the other's.
func Over(l, others thresholds.Limits) thresholds.Limits {
	for _, bound := range bounds() {
		if value, ok := bound.value(l); ok {
			bound.set(&others, value)
		}
	}
	return others
}

// differ names the limits of a run that are not the workbook's, with their
// values. A limit that the run does not name is no other limit.
func differ(run, workbook thresholds.Limits) []string {
	var list []string
	for _, bound := range bounds() {
		a, has := bound.value(run)
		if b, ok := bound.value(workbook); has && ok && a != b {
			list = append(list, fmt.Sprintf("%s %s %s", strings.TrimPrefix(bound.name, "limit_"), sign(bound.Measure), figureText(a)))
		}
	}
	return list
}
