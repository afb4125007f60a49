package report

import (
	"math"
	"slices"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/thresholds"
)

// The functions here make a column from the place of its field, so that writing and
// reading use the same place.

// A part finds the structure that a field is in. It is nil where it was not measured;
// with fill it is made then.
type part[T any] func(r *Report, fill bool) *T

func wholeReport(r *Report, _ bool) *Report           { return r }
func upOf(r *Report, fill bool) *facts.Direction      { return madeOf(&r.Voice.Up, fill) }
func downOf(r *Report, fill bool) *facts.Direction    { return madeOf(&r.Voice.Down, fill) }
func loopOf(r *Report, fill bool) *facts.Direction    { return madeOf(&r.Voice.Loop, fill) }
func relayOf(r *Report, fill bool) *facts.Relay       { return madeOf(&r.Voice.Relay, fill) }
func rttOf(r *Report, fill bool) *facts.RTT           { return madeOf(&r.Voice.RTT, fill) }
func latenessOf(r *Report, fill bool) *facts.Lateness { return madeOf(&r.Voice.SendLatenessMS, fill) }

func madeOf[T any](at **T, fill bool) *T {
	if *at == nil && fill {
		*at = new(T)
	}
	return *at
}

// A kindOf turns fields of one type into cells and back.
type kindOf[F any] struct {
	kind  Kind
	cell  func(F) any // nil: not measured
	field func(any) F
}

var (
	asFigure = kindOf[*float64]{KindNumber, numberOrNil, func(v any) *float64 { return new(v.(float64)) }}
	// asKnown is a figure that is always known; 0 is none.
	asKnown = kindOf[float64]{KindNumber, func(f float64) any {
		if f == 0 {
			return nil
		}
		return numberOrNil(&f)
	}, func(v any) float64 { return v.(float64) }}
	asCount = kindOf[int]{KindNumber, func(n int) any { return float64(n) }, wholeOf}
	// asNumber is a count where 0 is none.
	asNumber = kindOf[int]{KindNumber, func(n int) any { return asKnown.cell(float64(n)) }, wholeOf}
	asMark   = kindOf[*int]{KindNumber, func(n *int) any {
		if n == nil {
			return nil
		}
		return float64(*n)
	}, func(v any) *int { return new(wholeOf(v)) }}
	asFlag  = kindOf[bool]{KindText, func(b bool) any { return yesNo(b) }, isYes}
	asMaybe = kindOf[*bool]{KindText, func(b *bool) any {
		if b == nil {
			return nil
		}
		return yesNo(*b)
	}, func(v any) *bool { return new(isYes(v)) }}
	asText = kindOf[string]{KindText, func(s string) any { return textOrNil(OneLine(s)) }, func(v any) string { return v.(string) }}
	asList = kindOf[[]string]{
		KindText, func(list []string) any { return textOrNil(OneLine(strings.Join(list, ", "))) },
		func(v any) []string { return strings.Split(v.(string), ", ") },
	}
	asTime = kindOf[time.Time]{KindTime, func(t time.Time) any {
		if t = t.UTC(); t.Unix() <= 0 || t.Year() > 9999 { // no clock that ran this
			return nil
		}
		return t.Truncate(time.Second)
	}, func(v any) time.Time { return v.(time.Time) }}
)

// column is the column of a field in a part of the report. Its name has the unit.
func column[T, F any](name, unit string, in part[T], at func(*T) *F, as kindOf[F]) Column {
	return Column{
		Name: WithUnit(name, unit), Unit: unit, Kind: as.kind,
		Value: func(r *Report) any {
			if part := in(r, false); part != nil {
				return as.cell(*at(part))
			}
			return nil
		},
		set: func(r *Report, v any) { *at(in(r, true)) = as.field(v) },
	}
}

func textColumn(name string, at func(*Report) *string) Column {
	return column(name, "", wholeReport, at, asText)
}

// bothWays are the columns of a field of each direction.
func bothWays[F any](name, unit string, at func(*facts.Direction) *F, as kindOf[F]) []Column {
	return []Column{column(name+" up", unit, upOf, at, as), column(name+" down", unit, downOf, at, as)}
}

// loopColumns are the columns of both ways together: of calls through a TURN
// server.
func loopColumns() []Column {
	var c []Column
	for _, m := range thresholds.Measures() {
		if !m.Single() {
			c = append(c, column(m.Column+" there and back", m.Unit, loopOf, m.Side, asFigure))
		}
	}
	return append(c, column("TURN server", "", relayOf, func(relay *facts.Relay) *string { return &relay.Server }, asText))
}

// UnreliableColumn begins the names of the columns that hold, as codes, which end was
// too busy for the figures of a direction to be reliable.
const UnreliableColumn = "Unreliable"

func unreliableColumn(way string, of part[facts.Direction]) Column {
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

// pingColumn is one ping; a part of the TXT holds the others.
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

// wholeOf is the count in a number cell, within the range of int on every platform.
func wholeOf(v any) int {
	return int(math.Round(min(max(v.(float64), math.MinInt32), math.MaxInt32)))
}
