package thresholds

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"netready/probe/facts"
)

// measure is the verdict on one figure of a result, in words, with what to do.
func (l Limits) measure(r facts.Result, m Measure, way Way) Finding {
	return (&judge{limits: l, result: r}).measure(m, way)
}

func (j *judge) measure(m Measure, way Way) Finding {
	q := question{measure: m, limit: *m.limit(&j.limits), what: m.What(way), together: m.What(ThereAndBack), name: m.title(way), got: m.of(j.result, way)}
	if m.Single() {
		q.reason, q.code = j.whyAndCode("voice.rtt", "voice")
	} else {
		reason, code := j.whyAndCode("voice."+string(way), "voice")
		q.code = code
		j.know(&q, m.known(pairOf(j.result.Voice), way), reason)
		if len(q.unreliable) > 0 && unreliableBy(j.directionOrLoop(way), facts.UnreliableResponder) == nil && j.isClearedBySeconds(m.Key, way) {
			q.unreliable = nil
		}
	}
	q.isSaid = j.isSaidFirst(q.code)
	return j.advised(q, m.Key, way)
}

// advised is the verdict on a figure with what to do. A figure that this
// machine's own load can have made bad is no failure of the network.
func (j *judge) advised(q question, key Key, way Way) Finding {
	if len(q.unreliable) == 0 && (!j.staysInside() && (j.isPCBusy() && j.couldBePC(key, way) || j.isBentBySeconds(key, way)) || j.readsLate(key)) {
		q.unreliable = []facts.Unreliable{{Code: facts.UnreliablePC}}
	}
	q.seconds = j.result.Voice.DurationS
	f := q.judge()
	switch {
	case j.isAlone() && f.Level != Pass && (q.silent || f.Got == nil): // it follows from that
		f.Level, f.Code, f.Advice = Unknown, j.result.Environment.Connectivity.Code, ""
		f.Text = q.name + " says nothing" + saidFirst
	case f.Level == Fail:
		f.Advice = j.advice(key, way)
	}
	return q.marked(f)
}

// question is one figure to be judged.
type question struct {
	measure    Measure
	limit      Limit
	what, name string
	together   string // the code of a finding about both ways
	got        *float64
	reason     string             // why it was not measured
	code       string             // the same as a code; "" where there is none
	isSaid     bool               // another finding, the first one, gives the reason
	silent     bool               // nothing arrived
	unreliable []facts.Unreliable // who was too busy for it to be relied on
	bound      bool               // it is the figure of both ways together: a bound for this one
	interval   *facts.Interval    // of a share: what it may be in the long run
	sent       int                // the packets of which it is a share
	seconds    float64            // how long they were sent
	atMost     *float64           // the upper bound of a MOS that is a lower bound
}

// know gives the question what is known of its measure on a way. Who was too busy is left
// out where that changes nothing.
func (j *judge) know(q *question, f figure, reason string) {
	q.known(f, reason)
	if j.isHardlySpoilt(q.measure.Key, f.direction) {
		q.unreliable = nil
	}
}

// known takes what is known of a measure on a way; reason says why nothing is
// known.
func (q *question) known(f figure, reason string) {
	q.got, q.bound = f.got, f.together
	q.of(f.direction, reason)
	if q.measure.Key == MOS && f.direction != nil && f.direction.MOSAtMost != nil {
		q.bound, q.atMost = true, f.direction.MOSAtMost
	}
}

// words are the figure with its way: Jitter up is at most 4.2 ms there and back.
func (q *question) words() string {
	got := FigureBy(*q.got, q.measure.Unit, q.limit)
	switch {
	case !q.bound:
		return fmt.Sprintf("%s is %s", q.name, got)
	case q.atMost != nil:
		return fmt.Sprintf("%s is at least %s", q.name, got)
	case q.measure.AtLeast:
		return fmt.Sprintf("%s is at least %s there and back", q.name, got)
	}
	return fmt.Sprintf("%s is at most %s there and back", q.name, got)
}

// isOfTheWay says that this way's own figures break the limit, whatever the
// other way did.
func (q *question) isOfTheWay() bool { return q.atMost != nil && !q.limit.keeps(*q.atMost) }

// of takes from a direction what the verdict on its figures depends on; reason
// is why there is no direction.
func (q *question) of(d *facts.Direction, reason string) {
	if d == nil {
		q.reason = reason
		return
	}
	q.reason, q.unreliable, q.silent = unknownFigure(q.measure.Key, d), d.Unreliable, d.Received == 0
	if q.interval, q.sent = q.measure.interval(d), d.Sent; q.measure.Key == Order {
		q.sent = d.Received // only what arrives has an order
	}
}

// judge compares the figure with its limit.
func (q *question) judge() Finding {
	f := Finding{What: q.what, Got: q.got, Limit: q.limit.bound()}
	unit := q.measure.Unit
	switch {
	case f.Limit == nil:
		f.Level, f.Text = Unknown, q.name+" cannot be judged: it has no limit"
		f.Advice = "Give one in the file of --thresholds."
	case !isKnown(q.got) && q.isSaid:
		f.Level, f.Got, f.Code, f.Text = Unknown, nil, q.code, q.name+" was not measured"+saidFirst
	case !isKnown(q.got):
		f.Level, f.Got = Unknown, nil
		f.Text = fmt.Sprintf("%s was not measured: %s", q.name, q.reason)
		f.Advice = "Without it the network cannot be called ready."
	case q.limit.keeps(*q.got):
		f.Level = Pass
		f.Text = fmt.Sprintf("%s (expected %s)", q.words(), q.limit.Words(unit))
	case len(q.unreliable) > 0:
		f.Level, f.Code = Unknown, q.unreliable[0].Code
		f.Text = fmt.Sprintf("%s (expected %s), but it cannot be relied on: %s", q.words(), q.limit.Words(unit), busyWords(q.unreliable))
		f.Advice = runAgain(q.unreliable)
	case q.bound && !q.isOfTheWay():
		f.Level, f.What, f.Code = Fail, q.together, facts.CodeTogether
		f.Text = fmt.Sprintf("%s there and back together is %s, expected %s; through a TURN server it is not known in which direction",
			q.measure.Name, FigureBy(*q.got, unit, q.limit), q.limit.Words(unit))
	default:
		f.Level = Fail
		f.Text = fmt.Sprintf("%s is %s, expected %s", q.name, FigureBy(*q.got, unit, q.limit), q.limit.Words(unit))
	}
	return f
}

// busyWords say who was too busy.
func busyWords(causes []facts.Unreliable) string {
	var words []string
	for _, c := range causes {
		who := c.Text
		switch c.Code {
		case facts.UnreliableResponder:
			who = "the responder was too busy"
		case facts.UnreliablePC:
			who = "this PC was too busy"
		}
		if !slices.Contains(words, who) {
			words = append(words, who)
		}
	}
	return strings.Join(words, ", and ")
}

func isKnown(f *float64) bool { return f != nil && !math.IsNaN(*f) && !math.IsInf(*f, 0) }

// unknownFigure says why a direction that was sent lacks a figure.
func unknownFigure(key Key, d *facts.Direction) string {
	switch {
	case d.Sent == 0:
		return "nothing was sent"
	case d.Received == 0:
		return "nothing arrived"
	case key == Jitter:
		return fmt.Sprintf("only %d packets arrived, too few to tell", d.Received)
	}
	return "the reason is not known"
}

// Level is the verdict on a figure by a limit.
func (l Limit) Level(got *float64) Level {
	switch {
	case l.bound() == nil || !isKnown(got):
		return Unknown
	case l.keeps(*got):
		return Pass
	}
	return Fail
}

// keeps says whether a figure keeps the limit.
func (l Limit) keeps(got float64) bool {
	return !math.IsNaN(got) && (l.Below == nil || !Breaks(got, *l.Below, false)) && (l.AtLeast == nil || !Breaks(got, *l.AtLeast, true))
}

// Breaks says whether a figure breaks a bound. NaN breaks none.
func Breaks(figure, bound float64, atLeast bool) bool {
	if atLeast {
		return figure < bound
	}
	return figure >= bound
}

func (l Limit) bound() *float64 {
	if l.Below != nil {
		return l.Below
	}
	return l.AtLeast
}

// Words are the expectation: below 30 ms, at least 98 %.
func (l Limit) Words(unit string) string {
	switch {
	case l.Below != nil:
		return "below " + withUnit(*l.Below, unit)
	case l.AtLeast != nil:
		return "at least " + withUnit(*l.AtLeast, unit)
	}
	return "no limit"
}

func withUnit(f float64, unit string) string { return strings.TrimSpace(digits(f) + " " + unit) }

// Judged is a measure of one result: its figures and what they mean.
type Judged struct {
	Measure
	Limit Limit
	Level Level // the gravest of its ways
	Up    Graded
	Down  Graded // nothing where the measure has one figure for both ways
}

// Word is the verdict in a cell.
func (j Judged) Word() string {
	switch {
	case j.Level == Unknown && (j.Up.unreliable() || j.Down.unreliable()):
		return "Not reliable"
	case j.Level == Unknown:
		return "Not measured"
	case j.Level == Fail && (j.Up.settles(Fail) || j.Down.settles(Fail)):
		return "Fail"
	case j.Level == Fail:
		return "Fail, borderline"
	case j.Level == Warn:
		return "Warning"
	}
	if j.Up.Borderline || j.Down.Borderline {
		return "Pass, borderline"
	}
	return "Pass"
}

// settles says that the figure alone gives a level, which a longer call would
// not change.
func (g Graded) settles(level Level) bool { return g.Level == level && !g.Borderline }

// unreliable says that there is a figure, and no verdict on it.
func (g Graded) unreliable() bool { return g.Level == Unknown && isKnown(g.Got) }

// Graded is a figure with its level.
type Graded struct {
	Got   *float64 // nil: not measured
	Level Level
	// Interval is what a share may be in the long run, with a confidence of 95 %; nil
	// where that is not known.
	Interval   *facts.Interval
	Borderline bool // the verdict could be another one after a longer call
	Bound      bool // it is the figure of both ways together, or computed from one: the most, or the least, that this way can have
}

// Figures judges every measure of a result, in the order of a report.
func (l Limits) Figures(r facts.Result) []Judged {
	list := make([]Judged, 0, len(measures))
	for _, m := range measures {
		judged := Judged{Measure: m, Limit: *m.limit(&l), Level: Pass}
		for _, way := range m.Ways() {
			f := l.measure(r, m, way)
			graded := Graded{m.of(r, way), f.Level, m.Interval(r, way), f.Borderline, m.bound(r, way)}
			if way == Down {
				judged.Down = graded
			} else {
				judged.Up = graded
			}
			judged.Level = worseOf(judged.Level, f.Level)
		}
		list = append(list, judged)
	}
	return list
}

// worseOf is the worse of two levels.
func worseOf(a, b Level) Level {
	order := []Level{Pass, Warn, Unknown, Fail}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}
