package html

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"netready/probe/facts"
	"netready/report"
	"netready/thresholds"
)

// A chart is one small graph over the seconds of a call. Its drawing is Width
// units wide, one a second, and 100 high.
type chart struct {
	Title, Unit string
	Top, End    string // labels of the axes
	Width       int
	Up, Down    string // path data, "" for none
	Single      bool   // one line for both ways
	LimitY      string // "" where the limit lies outside
	Bad         []badSecond
	Caption     string
}

// badSecond is a second beyond the limit.
type badSecond struct {
	X     int
	Label string
}

// series is one measure of a chart.
type series struct {
	title, unit string
	limit       thresholds.Limit
	floor       float64 // the top of the axis is at least this
	up, down    func(facts.Second) *float64
}

// charts draws what the timeline holds; a measure without a single figure has
// no chart.
func charts(r report.Report) []chart {
	jitter := func(d facts.SecondSide) *float64 { return d.JitterMS }
	loss := func(d facts.SecondSide) *float64 { return d.LossPercent }
	delay := func(d facts.SecondSide) *float64 { return d.DelayMS }
	line := r.Voice.Timeline
	all := []series{
		eachWay(line, series{title: "Jitter", unit: "ms", limit: r.Limits.JitterMS, floor: 10}, jitter),
		eachWay(line, series{title: "Packet loss", unit: "%", limit: r.Limits.LossPercent, floor: 2}, loss),
		{"Round trip", "ms", r.Limits.RTTAvgMS, 20, func(s facts.Second) *float64 { return s.RTTMS }, nil},
		eachWay(line, series{title: "Delay above the fastest packet", unit: "ms", floor: 10}, delay),
	}
	var out []chart
	for _, s := range all {
		if c, ok := s.draw(r.Voice.Timeline); ok {
			out = append(out, c)
		}
	}
	return out
}

// eachWay draws both ways, or the one line of both together where neither is
// known alone, as through a TURN server.
func eachWay(timeline []facts.Second, s series, get func(facts.SecondSide) *float64) series {
	of := func(pick func(facts.Second) *facts.SecondSide) func(facts.Second) *float64 {
		return func(s facts.Second) *float64 {
			if d := pick(s); d != nil {
				return get(*d)
			}
			return nil
		}
	}
	s.up = of(func(s facts.Second) *facts.SecondSide { return s.Up })
	s.down = of(func(s facts.Second) *facts.SecondSide { return s.Down })
	loop := of(func(s facts.Second) *facts.SecondSide { return s.Loop })
	known := func(get func(facts.Second) *float64) bool {
		return slices.ContainsFunc(timeline, func(s facts.Second) bool { return get(s) != nil })
	}
	if !known(s.up) && !known(s.down) && known(loop) {
		s.up, s.down = loop, nil
	}
	return s
}

func chartWidth(timeline []facts.Second) int {
	if len(timeline) == 0 {
		return 1
	}
	return max(timeline[len(timeline)-1].Second+1, 1)
}

func (s series) draw(timeline []facts.Second) (chart, bool) {
	c := chart{Title: s.title, Unit: s.unit, Width: chartWidth(timeline), Single: s.down == nil}
	c.End = minutes(c.Width)
	peak, at, way := s.peak(timeline)
	if at < 0 {
		return c, false
	}
	top := niceTop(max(s.floor, peak))
	if s.limit.Below != nil && *s.limit.Below < top*1.6 {
		top = niceTop(max(top, *s.limit.Below*1.1))
		c.LimitY = coordinate(100 - 100**s.limit.Below/top)
	}
	c.Top = report.Digits(top) + " " + s.unit
	c.Up = path(timeline, s.up, top)
	if s.down != nil {
		c.Down = path(timeline, s.down, top)
	}
	c.Bad = s.bad(timeline)
	c.Caption = s.caption(peak, at, way, len(c.Bad))
	return c, true
}

// peak finds the highest figure; at is -1 where there is none.
func (s series) peak(timeline []facts.Second) (peak float64, at int, way string) {
	at = -1
	for _, sec := range timeline {
		if f := s.up(sec); f != nil && (at < 0 || *f > peak) {
			peak, at, way = *f, sec.Second, " up"
		}
		if s.down == nil {
			way = ""
		} else if f := s.down(sec); f != nil && (at < 0 || *f > peak) {
			peak, at, way = *f, sec.Second, " down"
		}
	}
	return peak, at, way
}

func (s series) bad(timeline []facts.Second) []badSecond {
	var out []badSecond
	over := func(f *float64) bool { return s.limit.Level(f) == thresholds.Fail }
	for _, sec := range timeline {
		label := minutes(sec.Second) + ":"
		bad := false
		if f := s.up(sec); over(f) {
			bad, label = true, label+" "+thresholds.Figure(min(*f, 1e9), s.unit)+" up"
		}
		if s.down != nil {
			if f := s.down(sec); over(f) {
				bad, label = true, label+" "+thresholds.Figure(min(*f, 1e9), s.unit)+" down"
			}
		}
		if bad {
			out = append(out, badSecond{sec.Second, label})
		}
	}
	return out
}

func (s series) caption(peak float64, at int, way string, bad int) string {
	if peak == 0 {
		return "None, through the whole call."
	}
	caption := fmt.Sprintf("Highest %s%s at %s.", thresholds.Figure(min(peak, 1e9), s.unit), way, minutes(at))
	if bad == 1 {
		return caption + " One second beyond the limit is shaded."
	} else if bad > 1 {
		return caption + fmt.Sprintf(" %d seconds beyond the limit are shaded.", bad)
	}
	return caption
}

// niceTop is the next number that an axis should end with. What is beyond any
// network is cut off: a result file may hold every number.
func niceTop(f float64) float64 {
	f = min(f, 1e9)
	power := math.Pow(10, math.Floor(math.Log10(f)))
	for _, step := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8} {
		if f <= step*power {
			return step * power
		}
	}
	return 10 * power
}

// path is the line through the middles of the seconds, broken where a second
// has no figure. A lone second becomes a short stroke, so that it is seen.
func path(timeline []facts.Second, get func(facts.Second) *float64, top float64) string {
	var b strings.Builder
	last := -2
	for _, sec := range timeline {
		f := get(sec)
		if f == nil {
			continue
		}
		x, y := float64(sec.Second)+0.5, coordinate(100-100*min(max(*f, 0), top)/top)
		if sec.Second == last+1 {
			b.WriteString("L" + coordinate(x) + " " + y)
		} else {
			b.WriteString("M" + coordinate(x-0.2) + " " + y + "H" + coordinate(x))
		}
		last = sec.Second
	}
	return b.String()
}

func coordinate(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// minutes prints seconds as 1:05.
func minutes(s int) string { return fmt.Sprintf("%d:%02d", s/60, s%60) }
