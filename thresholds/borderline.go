package thresholds

import (
	"fmt"
	"math"

	"netready/probe/facts"
)

// CodeBorderline is the code of a finding whose figure is on one side of its
// limit while its confidence interval is on both.
const CodeBorderline = "borderline"

// Bounds of what counts as borderline.
const (
	// singleLosses is how many single losses can be expected (95 % sure) on a path
	// on which a call of n packets lost none: 1 - 0.025^(1/n) is about 3.7 / n.
	singleLosses = 3.7
	// longestCallS is the longest call that is worth naming: an hour.
	longestCallS = 3600
)

// interval is the confidence interval of a measure's share; nil where the measure
// is no share, or nothing is known.
func (m Measure) interval(d *facts.Direction) *facts.Interval {
	switch {
	case d == nil:
		return nil
	case m.Key == Loss:
		return d.LossInterval
	case m.Key == Discards:
		return d.DiscardInterval
	case m.Key == Order:
		return d.InOrderInterval
	}
	return nil
}

// Interval is the confidence interval of the measure's figure on a way; nil where
// the measure is no share, or nothing is known.
func (m Measure) Interval(r facts.Result, way Way) *facts.Interval {
	if m.Single() {
		return nil
	}
	return m.interval(m.known(pairOf(r.Voice), way).direction)
}

// spans says that an interval holds values that keep the limit and others that
// break it.
func (l Limit) spans(i *facts.Interval) bool {
	return i != nil && l.bound() != nil && l.keeps(i.LowPercent) != l.keeps(i.HighPercent)
}

// borderline says that a longer call could be judged otherwise. Where nothing at
// all was lost there is no sign of bursts either: then it says whether the call
// was too short even for single losses.
func (q *question) borderline() bool {
	if !q.limit.spans(q.interval) {
		return false
	}
	bad := q.bad()
	return bad.got > 0 || percent*min(1, singleLosses/float64(q.sent)) >= bad.limit
}

// shareOfBad is a share of which the less the better, in percent.
type shareOfBad struct{ got, limit, low, high float64 }

// bad is what the figure, its limit and its interval are as such a share: of packets
// in order, those that are not.
func (q *question) bad() shareOfBad {
	b := shareOfBad{*q.got, *q.limit.bound(), q.interval.LowPercent, q.interval.HighPercent}
	if q.measure.AtLeast {
		return shareOfBad{percent - b.got, percent - b.limit, percent - b.high, percent - b.low}
	}
	return b
}

// marked adds to a verdict on a figure that it is borderline.
func (q *question) marked(f Finding) Finding {
	if (f.Level != Pass && f.Level != Fail) || !q.borderline() {
		return f
	}
	f.Borderline = true
	if f.Code == "" {
		f.Code = CodeBorderline
	}
	f.SettledByS = q.settledBy()
	f.Text += fmt.Sprintf("; borderline: %s in the long run (95 %% sure), and %s", Between(q.interval, q.measure.Unit, q.limit), settledWords(f.SettledByS))
	return f
}

// settledBy is how long a call has to be, in seconds, for its interval to be on one
// side of the limit, if its share stays the same: the width shrinks with the square
// root of the length, and where nothing is lost with the length itself. It is nil
// where an hour is too short. A sixth is added: no two calls are the same.
func (q *question) settledBy() *float64 {
	b := q.bad()
	width, distance := b.high-b.got, b.limit-b.got
	if !q.limit.keeps(*q.got) {
		width, distance = b.got-b.low, b.got-b.limit
	}
	times := (width / distance) * (width / distance)
	if b.got == 0 {
		times = singleLosses * percent / float64(q.sent) / b.limit
	}
	const margin, step = 7.0 / 6, 10
	seconds := math.Ceil(q.seconds*times*margin/step) * step
	if !(seconds <= longestCallS) || seconds <= 0 {
		return nil
	}
	return &seconds
}

// IsClear says that no share of any of the calls is borderline.
func (l Limits) IsClear(v facts.Voice) bool {
	for _, c := range v.PerCall {
		v.Up, v.Down, v.Loop = c.Up, c.Down, c.Loop
		for _, m := range measures {
			for _, way := range m.Ways() {
				if l.measure(facts.Result{Voice: v}, m, way).Borderline {
					return false
				}
			}
		}
	}
	return true
}

func settledWords(seconds *float64) string {
	if seconds == nil {
		return "no call of an hour or less would settle it"
	}
	return fmt.Sprintf("a call of %s would settle it", Figure(*seconds, "s"))
}

// Between is an interval in words: 0.33 to 1.33 %, up to 1.33 %, or at least 98.67 %.
func Between(i *facts.Interval, unit string, limit Limit) string {
	switch {
	case limit.AtLeast != nil && i.HighPercent >= percent:
		return "at least " + FigureBy(i.LowPercent, unit, limit)
	case i.LowPercent == 0 && limit.AtLeast == nil:
		return "up to " + FigureBy(i.HighPercent, unit, limit)
	}
	return FigureBy(i.LowPercent, "", limit) + " to " + FigureBy(i.HighPercent, unit, limit)
}
