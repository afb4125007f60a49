package report

import (
	"math"
	"slices"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/thresholds"
)

// The functions here make columns out of the places of their fields, so that
// what is written and what is read back cannot differ.

func textColumn[T ~string](name string, at func(*Report) *T) Column {
	return Column{
		Name:  name,
		Value: func(r *Report) any { return textOrNil(OneLine(string(*at(r)))) },
		set:   func(r *Report, v any) { *at(r) = T(v.(string)) },
	}
}

func listColumn(name string, at func(*Report) *[]string) Column {
	return Column{
		Name:  name,
		Value: func(r *Report) any { return textOrNil(OneLine(strings.Join(*at(r), ", "))) },
		set:   func(r *Report, v any) { *at(r) = strings.Split(v.(string), ", ") },
	}
}

func timeColumn(name string, at func(*Report) *time.Time) Column {
	return Column{
		Name: name, Kind: KindTime,
		Value: func(r *Report) any {
			t := at(r).UTC()
			if t.Unix() <= 0 || t.Year() > 9999 { // no clock that ran this
				return nil
			}
			return t.Truncate(time.Second)
		},
		set: func(r *Report, v any) { *at(r) = v.(time.Time) },
	}
}

func numberColumn(name, unit string, at func(*Report) **float64) Column {
	return Column{
		Name: withUnitName(name, unit), Unit: unit, Kind: KindNumber,
		Value: func(r *Report) any { return numberOrNil(*at(r)) },
		set:   func(r *Report, v any) { *at(r) = new(v.(float64)) },
	}
}

// plainColumn is a column of a figure that is always known; 0 is none.
func plainColumn(name, unit string, at func(*Report) *float64) Column {
	return Column{
		Name: withUnitName(name, unit), Unit: unit, Kind: KindNumber,
		Value: func(r *Report) any {
			if *at(r) == 0 {
				return nil
			}
			return numberOrNil(at(r))
		},
		set: func(r *Report, v any) { *at(r) = v.(float64) },
	}
}

func countColumn(name string, at func(*Report) *int) Column {
	return Column{
		Name: name, Kind: KindNumber,
		Value: func(r *Report) any {
			if *at(r) == 0 {
				return nil
			}
			return float64(*at(r))
		},
		set: func(r *Report, v any) { *at(r) = wholeOf(v) },
	}
}

func flagColumn(name string, at func(*Report) *bool) Column {
	return Column{
		Name:  name,
		Value: func(r *Report) any { return yesNo(*at(r)) },
		set:   func(r *Report, v any) { *at(r) = isYes(v) },
	}
}

func maybeColumn(name string, at func(*Report) **bool) Column {
	return Column{
		Name: name,
		Value: func(r *Report) any {
			if b := *at(r); b != nil {
				return yesNo(*b)
			}
			return nil
		},
		set: func(r *Report, v any) { *at(r) = new(isYes(v)) },
	}
}

// upOf and downOf find a direction; one that is to be filled is made.
func upOf(r *Report, fill bool) *facts.Direction   { return sideOf(&r.Voice.Up, fill) }
func downOf(r *Report, fill bool) *facts.Direction { return sideOf(&r.Voice.Down, fill) }

// loopOf finds what is known of both ways together, likewise.
func loopOf(r *Report, fill bool) *facts.Direction { return sideOf(&r.Voice.Loop, fill) }

// loopColumns are the columns of both ways together: of calls through a TURN
// server.
func loopColumns() []Column {
	var c []Column
	for _, m := range thresholds.Measures() {
		if !m.Single() {
			c = append(c, oneWay(m.Column, m.Unit, m.Side, " there and back", loopOf))
		}
	}
	return append(c, Column{
		Name: "TURN server",
		Value: func(r *Report) any {
			if r.Voice.Relay == nil {
				return nil
			}
			return textOrNil(OneLine(r.Voice.Relay.Server))
		},
		set: func(r *Report, v any) { r.Voice.Relay = &facts.Relay{Server: v.(string)} },
	})
}

func sideOf(d **facts.Direction, fill bool) *facts.Direction {
	if *d == nil && fill {
		*d = new(facts.Direction)
	}
	return *d
}

type side func(r *Report, fill bool) *facts.Direction

func bothWays(name, unit string, at func(*facts.Direction) **float64) []Column {
	return []Column{oneWay(name, unit, at, " up", upOf), oneWay(name, unit, at, " down", downOf)}
}

func oneWay(name, unit string, at func(*facts.Direction) **float64, way string, of side) Column {
	return Column{
		Name: withUnitName(name+way, unit), Unit: unit, Kind: KindNumber,
		Value: func(r *Report) any {
			if d := of(r, false); d != nil {
				return numberOrNil(*at(d))
			}
			return nil
		},
		set: func(r *Report, v any) { *at(of(r, true)) = new(v.(float64)) },
	}
}

func bothCounts(name string, at func(*facts.Direction) *int) []Column {
	column := func(way string, of side) Column {
		return Column{
			Name: name + way, Kind: KindNumber,
			Value: func(r *Report) any {
				if d := of(r, false); d != nil {
					return float64(*at(d))
				}
				return nil
			},
			set: func(r *Report, v any) { *at(of(r, true)) = wholeOf(v) },
		}
	}
	return []Column{column(" up", upOf), column(" down", downOf)}
}

func bothMarks(name string, at func(*facts.Direction) **int) []Column {
	column := func(way string, of side) Column {
		return Column{
			Name: name + way, Kind: KindNumber,
			Value: func(r *Report) any {
				if d := of(r, false); d != nil {
					return wholeOrNil(*at(d))
				}
				return nil
			},
			set: func(r *Report, v any) { *at(of(r, true)) = new(wholeOf(v)) },
		}
	}
	return []Column{column(" up", upOf), column(" down", downOf)}
}

// UnreliableColumn begins the names of the columns that say who was too busy for
// the figures of a way to be relied on, as codes.
const UnreliableColumn = "Unreliable"

func unreliableColumn(way string, of side) Column {
	return Column{
		Name: UnreliableColumn + way,
		Value: func(r *Report) any {
			d := of(r, false)
			if d == nil {
				return nil
			}
			codes := make([]string, len(d.Unreliable))
			for i, cause := range d.Unreliable {
				codes[i] = cause.Code
			}
			return textOrNil(OneLine(strings.Join(codes, ", ")))
		},
		set: func(r *Report, v any) {
			for code := range strings.SplitSeq(v.(string), ", ") {
				d := of(r, true)
				d.Unreliable = append(d.Unreliable, facts.Unreliable{Code: code})
			}
		},
	}
}

func basisColumn(name string, of side) Column {
	return Column{
		Name: name,
		Value: func(r *Report) any {
			if d := of(r, false); d != nil {
				return textOrNil(OneLine(d.MOSBasis))
			}
			return nil
		},
		set: func(r *Report, v any) { of(r, true).MOSBasis = v.(string) },
	}
}

func rttOf(r *Report) *facts.RTT {
	if r.Voice.RTT == nil {
		r.Voice.RTT = new(facts.RTT)
	}
	return r.Voice.RTT
}

func rttSourceColumn() Column {
	return Column{
		Name: "RTT source",
		Value: func(r *Report) any {
			if r.Voice.RTT == nil {
				return nil
			}
			return textOrNil(OneLine(r.Voice.RTT.Source))
		},
		set: func(r *Report, v any) { rttOf(r).Source = v.(string) },
	}
}

func rttColumn(name string, at func(*facts.RTT) **float64) Column {
	return Column{
		Name: name + " (ms)", Unit: "ms", Kind: KindNumber,
		Value: func(r *Report) any {
			if r.Voice.RTT == nil {
				return nil
			}
			return numberOrNil(*at(r.Voice.RTT))
		},
		set: func(r *Report, v any) { *at(rttOf(r)) = new(v.(float64)) },
	}
}

func rttCount(name string, at func(*facts.RTT) *int) Column {
	return Column{
		Name: name, Kind: KindNumber,
		Value: func(r *Report) any {
			if r.Voice.RTT == nil {
				return nil
			}
			return float64(*at(r.Voice.RTT))
		},
		set: func(r *Report, v any) { *at(rttOf(r)) = wholeOf(v) },
	}
}

func lateColumn(name string, at func(*facts.Lateness) **float64) Column {
	return Column{
		Name: name + " (ms)", Unit: "ms", Kind: KindNumber,
		Value: func(r *Report) any {
			if r.Voice.SendLatenessMS == nil {
				return nil
			}
			return numberOrNil(*at(r.Voice.SendLatenessMS))
		},
		set: func(r *Report, v any) {
			if r.Voice.SendLatenessMS == nil {
				r.Voice.SendLatenessMS = new(facts.Lateness)
			}
			*at(r.Voice.SendLatenessMS) = new(v.(float64))
		},
	}
}

// pingColumn shows one ping; the TXT's own part on pings holds the rest.
func pingColumn(name, role string) Column {
	return Column{
		Name: name, Unit: "ms", Kind: KindNumber,
		Value: func(r *Report) any {
			if i := slices.IndexFunc(r.Ping, func(p facts.Ping) bool { return p.Role == role }); i >= 0 {
				return numberOrNil(r.Ping[i].AvgMS)
			}
			return nil
		},
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func isYes(v any) bool { return strings.EqualFold(v.(string), "yes") }

func wholeOrNil(n *int) any {
	if n == nil {
		return nil
	}
	return float64(*n)
}

// wholeOf takes a count out of a number cell, within what an int holds
// everywhere.
func wholeOf(v any) int {
	return int(math.Round(min(max(v.(float64), math.MinInt32), math.MaxInt32)))
}
