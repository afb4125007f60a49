package thresholds

import (
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
)

// watched is a call of 30 s in which this machine was busy in some seconds and packets were
// bad in others.
func watched(way Way, stamps bool, busyAt, badAt []int, lost, late int) facts.Result {
	r := goodResult()
	d := direction(r.Voice, way)
	r.Voice.DurationS, d.KernelStamps, d.MOS = 30, stamps, new(4.1)
	for i := range 30 {
		side := func() *facts.SecondSide {
			return &facts.SecondSide{Sent: 50, LossPercent: new(0.0), JitterMS: new(1.0), DelayMS: new(1.0), Discarded: new(0)}
		}
		s := facts.Second{Second: i, Up: side(), Down: side(), RTTMS: new(20.0), PC: &facts.PCSecond{CPUPercent: new(20.0), SendLateMS: new(0.5)}}
		if slices.Contains(busyAt, i) {
			s.PC.CPUPercent, s.PC.SendLateMS = new(99.0), new(180.0)
		}
		if slices.Contains(badAt, i) {
			bad := sideOf(s, way)
			*bad.LossPercent, *bad.Discarded = percent*float64(lost)/50, late
			d.Lost += lost
			if d.Discarded == nil {
				d.Discarded = new(0)
			}
			*d.Discarded += late
		}
		r.Voice.Timeline = append(r.Voice.Timeline, s)
	}
	d.Received = d.Sent - d.Lost
	d.LossPercent = new(percent * float64(d.Lost) / float64(d.Sent))
	if d.Discarded != nil {
		d.DiscardPercent = new(percent * float64(*d.Discarded) / float64(d.Sent))
	}
	return r
}

// A machine that was busy in exactly the bad seconds is the cause, where its load can bend
// the figure; one that was busy in others is not.
func TestBusySeconds(t *testing.T) {
	early, late := []int{5, 6, 7}, []int{20, 21, 22}
	spread := []int{0, 2, 4, 6, 8, 10, 12, 14}
	unsure := func(r facts.Result) facts.Result {
		r.Voice.Up.Unreliable = []facts.Unreliable{{Code: facts.UnreliablePC, Packets: 45, Text: "this PC sent 45 packets more than a packet time late"}}
		return r
	}
	for name, c := range map[string]struct {
		result facts.Result
		what   string
		level  Level
		isPC   bool
	}{
		"late packets in its busy seconds":                     {watched(Down, false, early, early, 0, 40), "discard_down", Unknown, true},
		"late packets in other seconds":                        {watched(Down, false, late, early, 0, 40), "discard_down", Fail, false},
		"late packets in its busy seconds, the kernel stamps":  {watched(Down, true, early, early, 0, 40), "discard_down", Fail, false},
		"late packets all the time, busy now and then":         {watched(Down, false, early, spread, 0, 20), "discard_down", Fail, false},
		"sent late in the seconds of the losses":               {unsure(watched(Up, true, early, early, 15, 0)), "loss_up", Unknown, true},
		"sent late in other seconds":                           {unsure(watched(Up, true, late, early, 15, 0)), "loss_up", Fail, false},
		"sent late now and then, losses all the time":          {unsure(watched(Up, true, late, spread, 5, 0)), "loss_up", Fail, false},
		"losses in busy seconds, though every packet had left": {watched(Up, true, early, early, 15, 0), "loss_up", Fail, false},
	} {
		findings := Default().Judge(c.result)
		i := slices.IndexFunc(findings, func(f Finding) bool { return f.What == c.what })
		if i < 0 || findings[i].Level != c.level {
			t.Errorf("%s: %s is not %s: %+v", name, c.what, c.level, findings[max(i, 0)])
		}
		isPC := slices.ContainsFunc(findings, func(f Finding) bool { return f.What == WhatCause && f.Code == PlacePC })
		if isPC != c.isPC {
			t.Errorf("%s: this PC is blamed: %v", name, isPC)
		}
	}
}

// Pressure and the power saver are mentioned in addition to what shows that a machine was
// busy, and mean nothing without that.
func TestCountersAloneBlameNobody(t *testing.T) {
	r := watched(Down, false, nil, []int{5, 6, 7}, 0, 40)
	r.Voice.PC = &facts.PC{PressurePercent: new(80.0), PowerSaver: new(true), BusiestCorePercent: new(100.0), ReceiveErrors: new(int64(500)), ClockSteps: []facts.ClockStep{{AtS: 3, ByMS: 900}}}
	for _, f := range Default().Judge(r) {
		if f.What == WhatCause && f.Code == PlacePC {
			t.Errorf("blamed by counters alone: %s", f.Text)
		}
	}
	busy := watched(Down, false, []int{5, 6, 7}, []int{5, 6, 7}, 0, 40)
	busy.Voice.PC = r.Voice.PC
	text := ""
	for _, f := range Default().Judge(busy) {
		if f.What == WhatCause && f.Code == PlacePC {
			text = f.Text
		}
	}
	for _, want := range []string{"busy at 0:05, 0:06, 0:07", "99 % busy", "waited for a processor 80 %", "saves power"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
}
