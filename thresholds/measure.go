package thresholds

import (
	"reflect"
	"slices"
	"strings"

	"netready/probe/facts"
)

// Way is a direction of the call, from the agent's side.
type Way string

// The ways of a figure.
const (
	Up           Way = "up"
	Down         Way = "down"
	ThereAndBack Way = "" // one figure for both
)

// words are the way as sentences have it: up, down, there and back.
func (w Way) words() string {
	if w == ThereAndBack {
		return "there and back"
	}
	return string(w)
}

// Key names a measure in the code of a finding: jitter_up, rtt.
type Key string

// Values of `findings[].what`, of the measures: all but the round trip end in
// _up or _down, or in nothing where a limit is judged for both ways together.
const (
	Jitter   Key = "jitter"  // mean jitter
	Loss     Key = "loss"    // packet loss
	Discards Key = "discard" // packet discards
	Order    Key = "order"   // packet order
	RTT      Key = "rtt"     // average round trip
	MOS      Key = "mos"     // MOS
)

// A Measure is one figure that has a limit. The table of measures is the one place
// that says its name, its meaning and where a result has it.
type Measure struct {
	Key     Key
	Setting string // its name in the thresholds file, as the field of Limits has it
	Name    string // for people
	Column  string // in the sheet Runs
	Unit    string // "" for none
	Why     string // what it is, for people
	AtLeast bool   // its limit is the least that is good; otherwise figures have to be below

	Least, Most float64 // what a figure and its limit can be; Most 0: anything from Least

	standard float64 // its documented limit
	rank     int     // of several that fail the one with the lowest rank comes first: it explains the others
	limit    func(*Limits) *Limit
	side     func(*facts.Direction) **float64 // nil: it is the round trip's
}

const percent = 100

// Limits are the expectations that a result is judged by.
type Limits struct {
	JitterMS       Limit `json:"jitter_ms" yaml:"jitter_ms"`               // limit of `jitter_ms`, up and down
	LossPercent    Limit `json:"loss_percent" yaml:"loss_percent"`         // limit of `loss_percent`, up and down
	DiscardPercent Limit `json:"discard_percent" yaml:"discard_percent"`   // limit of `discard_percent`, up and down
	InOrderPercent Limit `json:"in_order_percent" yaml:"in_order_percent"` // limit of `in_order_percent`, up and down
	RTTAvgMS       Limit `json:"rtt_avg_ms" yaml:"rtt_avg_ms"`             // limit of `voice.rtt.avg_ms`
	MOS            Limit `json:"mos" yaml:"mos"`                           // limit of `mos`, up and down
}

// A measure is a field of Limits and a row here.
var measures = withSettings([]Measure{
	{
		Key: Jitter, Name: "Jitter", Column: "Jitter", Unit: "ms", standard: 30, rank: 3,
		Why:   "How unevenly packets arrive, averaged over the call. The phone's buffer evens out a little; much of it makes speech choppy.",
		limit: func(l *Limits) *Limit { return &l.JitterMS },
		side:  func(d *facts.Direction) **float64 { return &d.JitterMS },
	},
	{
		Key: Loss, Name: "Packet loss", Column: "Loss", Unit: "%", standard: 1, rank: 1, Most: percent,
		Why:   "Packets that never arrived. Each one is a gap of speech; one in a hundred is where listeners begin to notice.",
		limit: func(l *Limits) *Limit { return &l.LossPercent },
		side:  func(d *facts.Direction) **float64 { return &d.LossPercent },
	},
	{
		Key: Discards, Name: "Packet discards", Column: "Discards", Unit: "%", standard: 5, rank: 2, Most: percent,
		Why:   "Packets that arrived, but too late for the phone's jitter buffer to play them. To the listener they are lost as well.",
		limit: func(l *Limits) *Limit { return &l.DiscardPercent },
		side:  func(d *facts.Direction) **float64 { return &d.DiscardPercent },
	},
	{
		Key: Order, Name: "Packet order", Column: "Order", Unit: "%", AtLeast: true, standard: 98, rank: 4, Most: percent,
		Why:   "The share of packets that arrived in the order in which they were sent. Packets out of order point to load balancing over unequal paths.",
		limit: func(l *Limits) *Limit { return &l.InOrderPercent },
		side:  func(d *facts.Direction) **float64 { return &d.InOrderPercent },
	},
	{
		Key: RTT, Name: "Round trip", Column: "RTT avg", Unit: "ms", standard: 150, rank: 6,
		Why:   "The time a packet takes to the region and back, on average. Beyond the limit people begin to talk over each other.",
		limit: func(l *Limits) *Limit { return &l.RTTAvgMS },
	},
	{
		Key: MOS, Name: "MOS", Column: "MOS", AtLeast: true, standard: 3.6, rank: 5, Least: 1, Most: 5,
		Why:   "What a listener would give the call from 1 (bad) to about 4.4 (the best that this codec can reach), calculated by ITU-T G.107 from delay, loss and discards.",
		limit: func(l *Limits) *Limit { return &l.MOS },
		side:  func(d *facts.Direction) **float64 { return &d.MOS },
	},
})

// A Limit is one bound, either below or at least a number.
type Limit struct {
	Below   *float64 `json:"below,omitempty" yaml:"below,omitempty"`       // the figure has to be below this
	AtLeast *float64 `json:"at_least,omitempty" yaml:"at_least,omitempty"` // the figure has to be this or more
}

// Measures lists them in the order of a report.
func Measures() []Measure { return slices.Clone(measures) }

// Default are the documented limits.
func Default() Limits {
	var l Limits
	for _, m := range measures {
		if m.AtLeast {
			m.limit(&l).AtLeast = new(m.standard)
		} else {
			m.limit(&l).Below = new(m.standard)
		}
	}
	return l
}

// withSettings gives each measure its name in the thresholds file, the one of its field in Limits.
func withSettings(list []Measure) []Measure {
	var l Limits
	for i, m := range list {
		for field, value := range reflect.ValueOf(&l).Elem().Fields() {
			if value.Addr().Interface() == m.limit(&l) {
				list[i].Setting = field.Tag.Get("yaml")
			}
		}
	}
	return list
}

// KeepLimits gives d a figure for each measure of which it has none, one that keeps the
// documented limit: what is a sample needs no list of the measures.
func KeepLimits(d *facts.Direction) *facts.Direction {
	for _, m := range measures {
		if m.Single() || *m.side(d) != nil {
			continue
		}
		good := m.standard
		if !m.AtLeast {
			good /= 2
		}
		*m.side(d) = &good
	}
	return d
}

// Limit is the measure's limit in l, to be read or set.
func (m Measure) Limit(l *Limits) *Limit { return m.limit(l) }

// Single says that the measure has one figure for both ways.
func (m Measure) Single() bool { return m.side == nil }

// Ways are those that the measure has a figure for.
func (m Measure) Ways() []Way {
	if m.Single() {
		return []Way{ThereAndBack}
	}
	return []Way{Up, Down}
}

// What is the code of the measure's finding: jitter_up, rtt.
func (m Measure) What(way Way) string {
	if way == ThereAndBack {
		return string(m.Key)
	}
	return string(m.Key) + "_" + string(way)
}

// Side is the place of the figure in a direction, nil for the round trip.
func (m Measure) Side(d *facts.Direction) **float64 {
	if m.Single() {
		return nil
	}
	return m.side(d)
}

// of is the measure's figure in a result, nil where it was not measured. Where only
// the figure of both ways together is known it is that one.
func (m Measure) of(r facts.Result, way Way) *float64 {
	if m.Single() {
		if r.Voice.RTT == nil {
			return nil
		}
		return r.Voice.RTT.AvgMS
	}
	return m.known(pairOf(r.Voice), way).got
}

// figure is what is known of a measure on one way.
type figure struct {
	got       *float64
	direction *facts.Direction // whose figure it is, nil: nothing was sent
	together  bool             // it is the figure of both ways: a bound for each
}

// known is a measure's figure on a way of a call: the way's own, or that of
// both ways together.
func (m Measure) known(c facts.CallPair, way Way) figure {
	own := side(c, way)
	f := figure{got: m.in(own), direction: own}
	if f.got == nil && c.Loop != nil && m.in(c.Loop) != nil {
		return figure{m.in(c.Loop), c.Loop, true}
	}
	return f
}

// pairOf is the reported call.
func pairOf(v facts.Voice) facts.CallPair {
	return facts.CallPair{Up: v.Up, Down: v.Down, Loop: v.Loop}
}

// bound says that a measure's figure on a way is that of both ways together, or
// computed from one: it is a bound for the way, and not its own figure.
func (m Measure) bound(r facts.Result, way Way) bool {
	if m.Single() {
		return false
	}
	f := m.known(pairOf(r.Voice), way)
	return f.together || m.Key == MOS && f.direction != nil && f.direction.MOSAtMost != nil
}

// in is the figure of a direction, nil where there is none.
func (m Measure) in(d *facts.Direction) *float64 {
	if d == nil {
		return nil
	}
	return *m.side(d)
}

// title is the measure with its way, as at the start of a sentence: Jitter up.
func (m Measure) title(way Way) string {
	if m.Single() {
		return "Average round trip"
	}
	return strings.TrimSpace(m.Name + " " + string(way))
}

// direction is that way of the reported call, nil where nothing was sent.
func direction(v facts.Voice, way Way) *facts.Direction {
	switch way {
	case Up:
		return v.Up
	case Down:
		return v.Down
	case ThereAndBack:
	}
	return v.Loop
}
