package thresholds

import (
	"fmt"
	"strings"

	"netready/probe/facts"
)

const (
	// markHelpsMOS and markHelpsMS are how much better the call with its mark (DSCP) has to
	// be than the one without it, at the same time on the same full line, for the mark to
	// count as a help: less is within what two calls on one line differ by.
	markHelpsMOS = 0.1
	markHelpsMS  = 20
)

// A LoadRow is one figure of the call on the idle line, beside that of the call on the
// line while downloads and while uploads fill it (`--under-load`).
type LoadRow struct {
	Name, Unit string
	Limit      *Limit   // nil: it has none
	Idle       *float64 // nil: not measured, or it says nothing there
	Down, Up   *float64 // while the line was full that way; nil: not measured
	Word       string   // the verdict in a cell; "" without a limit
}

// LoadTitle heads the rows of UnderLoad in every report.
const LoadTitle = "The call on a full line"

// giveVoicePriority is the advice where the line is good until it is full.
const giveVoicePriority = "Give voice (DSCP 46) priority on the router, or limit all other traffic to a little below the line's speed (smart queue management, SQM)."

// loadAgain is the advice where the full line was not measured.
const loadAgain = "Run it again with --under-load at another time."

// Words of LoadRow.Word.
const (
	loadKept    = "Kept"
	loadBroken  = "Broken"
	loadUnsure  = "Not reliable"
	loadUnknown = "Not measured"
)

// IsBroken says that a limit is broken on the full line.
func (r LoadRow) IsBroken() bool { return r.Word == loadBroken }

// UnderLoad compares the idle line with the full one, nil where that was not asked for.
func (l Limits) UnderLoad(r facts.Result) []LoadRow {
	u := r.UnderLoad
	if u == nil || u.Down == nil && u.Up == nil {
		return nil
	}
	rows := []LoadRow{{Name: "Traffic that fills it", Unit: "Mbit/s", Down: ofPhase(u.Down, filled), Up: ofPhase(u.Up, filled)}}
	for _, m := range measures {
		if m.Key == Order {
			continue // a full queue changes no order
		}
		for _, way := range m.Ways() {
			limit := *m.limit(&l)
			row := LoadRow{Name: strings.TrimSpace(m.Name + " " + string(way)), Unit: m.Unit, Limit: &limit, Idle: m.of(r, way)}
			row.Down, row.Up = m.inPhase(u.Down, way), m.inPhase(u.Up, way)
			row.Word = l.loadWord(u, m, way)
			rows = append(rows, row)
		}
	}
	idle := idleRPM(u)
	rows = append(rows, LoadRow{
		Name: "Responsiveness", Unit: "round trips a minute (RPM)", Idle: idle, Down: ofPhase(u.Down, rpm), Up: ofPhase(u.Up, rpm),
	})
	return append(rows, unmarkedRows(u)...)
}

// unmarkedRows are the same call without its mark.
func unmarkedRows(u *facts.UnderLoad) []LoadRow {
	var rows []LoadRow
	for _, row := range []LoadRow{
		{Name: "MOS up, not marked", Down: ofPhase(u.Down, unmarkedUp), Up: ofPhase(u.Up, unmarkedUp)},
		{Name: "MOS down, not marked", Down: ofPhase(u.Down, unmarkedDown), Up: ofPhase(u.Up, unmarkedDown)},
		{Name: "Round trip, not marked", Unit: "ms", Down: ofPhase(u.Down, unmarkedRTT), Up: ofPhase(u.Up, unmarkedRTT)},
	} {
		if row.Down != nil || row.Up != nil {
			rows = append(rows, row)
		}
	}
	return rows
}

func filled(p *facts.LoadPhase) *float64       { return p.Mbps }
func rpm(p *facts.LoadPhase) *float64          { return p.RPM }
func unmarkedUp(p *facts.LoadPhase) *float64   { return mosOf(p.UnmarkedUp) }
func unmarkedDown(p *facts.LoadPhase) *float64 { return mosOf(p.UnmarkedDown) }
func unmarkedRTT(p *facts.LoadPhase) *float64  { return p.UnmarkedRTTMS }

func mosOf(d *facts.Direction) *float64 {
	if d == nil {
		return nil
	}
	return d.MOS
}

func ofPhase(p *facts.LoadPhase, of func(*facts.LoadPhase) *float64) *float64 {
	if p == nil {
		return nil
	}
	return of(p)
}

func idleRPM(u *facts.UnderLoad) *float64 {
	for _, p := range []*facts.LoadPhase{u.Down, u.Up} {
		if p != nil && p.IdleRPM != nil {
			return p.IdleRPM
		}
	}
	return nil
}

// inPhase is the measure's figure of the call on a full line.
func (m Measure) inPhase(p *facts.LoadPhase, way Way) *float64 {
	switch {
	case p == nil, m.Single() && p.RTT == nil:
		return nil
	case m.Single():
		return p.RTT.AvgMS
	}
	return m.in(callOf(p, way))
}

func callOf(p *facts.LoadPhase, way Way) *facts.Direction {
	if way == Up {
		return p.CallUp
	}
	return p.CallDown
}

// brokenIn says whether a limit was broken on the full line, and whether the figure can be
// relied on: one of an end that was too busy is not the line's.
func (l Limits) brokenIn(p *facts.LoadPhase, m Measure, way Way) (broken, reliable bool) {
	got, limit := m.inPhase(p, way), *m.limit(&l)
	if !isKnown(got) || limit.bound() == nil || limit.keeps(*got) {
		return false, true
	}
	if d := callOf(p, way); !m.Single() && len(d.Unreliable) > 0 && !(&judge{limits: l}).isHardlySpoilt(m.Key, d) {
		return true, false
	}
	return true, true
}

// loadWord is the verdict on a figure of both phases.
func (l Limits) loadWord(u *facts.UnderLoad, m Measure, way Way) string {
	word := loadUnknown
	for _, p := range []*facts.LoadPhase{u.Down, u.Up} {
		broken, reliable := l.brokenIn(p, m, way)
		switch {
		case broken && reliable:
			return loadBroken
		case broken:
			word = loadUnsure
		case m.inPhase(p, way) != nil && word == loadUnknown:
			word = loadKept
		}
	}
	return word
}

// underLoad says what a full line does to a call. It is a warning at most: the verdict is
// of the line as it was found.
func (j *judge) underLoad() {
	u := j.result.UnderLoad
	if u == nil {
		return
	}
	for _, phase := range []struct {
		way  Way
		what string
		*facts.LoadPhase
	}{{Down, "downloads", u.Down}, {Up, "uploads", u.Up}} {
		if phase.LoadPhase != nil {
			j.fullLine(phase.way, phase.what, phase.LoadPhase)
		}
	}
	if u.Reason != "" {
		j.add(Finding{
			Level: Warn, What: WhatUnderLoad, Text: "The call on a full line is not fully measured: " + u.Reason,
			Advice: loadAgain,
		})
	}
}

// fullLine is the finding about one way of filling the line.
func (j *judge) fullLine(way Way, what string, p *facts.LoadPhase) {
	f := Finding{Level: Pass, What: WhatUnderLoad + "_" + string(way), Got: p.RPM}
	broken := j.brokenUnder(p)
	on := "While " + what + " filled the line"
	if p.Mbps != nil {
		on += " (" + Figure(*p.Mbps, "Mbit/s") + ")"
	}
	switch {
	case len(broken) > 0:
		f.Level, f.Text = Warn, on+" the call broke limits that it kept before: "+strings.Join(broken, ", ")
		f.Advice = giveVoicePriority
	case p.CallUp == nil && p.CallDown == nil:
		f.Level, f.Text, f.Advice = Warn, on+" the call was not measured: "+p.Reason, loadAgain
	default:
		f.Text = on + " the call broke no limit that it kept before"
	}
	if rtt := p.RTT; rtt != nil && rtt.AvgMS != nil && p.RPM != nil && p.IdleRPM != nil {
		f.Text += fmt.Sprintf("; responsiveness was %s round trips a minute (RPM), %s on the idle line", Figure(*p.RPM, ""), Figure(*p.IdleRPM, ""))
	}
	if words := markWords(p); words != "" {
		f.Text += "; " + words
	}
	j.add(f)
}

// brokenUnder names the limits that the call breaks on the full line and kept on the idle
// one.
func (j *judge) brokenUnder(p *facts.LoadPhase) []string {
	var all []string
	for _, m := range measures {
		limit := *m.limit(&j.limits)
		for _, way := range m.Ways() {
			broken, reliable := j.limits.brokenIn(p, m, way)
			if idle := m.of(j.result, way); !broken || !reliable || !isKnown(idle) || !limit.keeps(*idle) {
				continue
			}
			words := brokenWords(facts.Broken{What: m.What(way), Got: *m.inPhase(p, way), Limit: *limit.bound()})
			if m.Key != MOS {
				words = lowerFirst(words)
			}
			all = append(all, words)
		}
	}
	return all
}

// markWords say whether the mark (DSCP) helped, "" where there was no call without it.
func markWords(p *facts.LoadPhase) string {
	better, worse := 0.0, 0.0
	for _, pair := range [][2]*facts.Direction{{p.CallUp, p.UnmarkedUp}, {p.CallDown, p.UnmarkedDown}} {
		if with, without := mosOf(pair[0]), mosOf(pair[1]); with != nil && without != nil {
			better, worse = max(better, *with-*without), max(worse, *without-*with)
		}
	}
	sooner, known := 0.0, p.RTT != nil && p.RTT.AvgMS != nil && p.UnmarkedRTTMS != nil
	if known {
		sooner = *p.UnmarkedRTTMS - *p.RTT.AvgMS
	}
	switch {
	case p.UnmarkedUp == nil && p.UnmarkedDown == nil:
		return ""
	case better >= markHelpsMOS && better > worse:
		return fmt.Sprintf("the mark (DSCP) helped: MOS was %s higher than that of the same call without it", Figure(better, ""))
	case sooner >= markHelpsMS && worse < markHelpsMOS:
		return fmt.Sprintf("the mark (DSCP) helped: answers came %s sooner than those of the same call without it", Figure(sooner, "ms"))
	case mosOf(p.CallUp) == nil && mosOf(p.CallDown) == nil && !known:
		return ""
	}
	return "the mark (DSCP) did not help: the same call without it was as good, or better"
}
