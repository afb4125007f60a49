package thresholds

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
)

// A share whose interval of confidence holds the limit is borderline, on
// whichever side of it the share itself is; the level stays that of the share.
func TestBorderline(t *testing.T) {
	tests := []struct {
		lost      float64 // percent
		between   facts.Interval
		seconds   float64 // of the call
		level     Level
		isOpen    bool
		settledBy float64 // 0: nothing of an hour or less
	}{
		{0.2, facts.Interval{LowPercent: 0.1, HighPercent: 0.9}, 30, Pass, false, 0},
		{0.5, facts.Interval{LowPercent: 0.2, HighPercent: 1.0}, 30, Pass, true, 40}, // 1 % breaks "below 1 %"
		{0.5, facts.Interval{LowPercent: 0.2, HighPercent: 1.5}, 30, Pass, true, 140},
		{0.9, facts.Interval{LowPercent: 0.4, HighPercent: 1.9}, 10, Pass, true, 1170},
		{0.999, facts.Interval{LowPercent: 0.5, HighPercent: 2}, 30, Pass, true, 0},
		{1, facts.Interval{LowPercent: 0.5, HighPercent: 2}, 30, Fail, true, 0},
		{1.5, facts.Interval{LowPercent: 0.8, HighPercent: 3}, 30, Fail, true, 70},
		{2, facts.Interval{LowPercent: 1.1, HighPercent: 4}, 30, Fail, false, 0},
		// Nothing lost of 1,500 packets: only bursts could have been missed, and
		// nothing speaks for them. Of 300, single losses could have been.
		{0, facts.Interval{HighPercent: 1.333}, 30, Pass, false, 0},
		{0, facts.Interval{HighPercent: 6.667}, 6, Pass, true, 10},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%g %% in %g s, between %g and %g", tt.lost, tt.seconds, tt.between.LowPercent, tt.between.HighPercent), func(t *testing.T) {
			r := goodResult()
			r.Voice.DurationS = tt.seconds
			r.Voice.Up.Sent = int(50 * tt.seconds)
			r.Voice.Up.LossPercent, r.Voice.Up.LossInterval = &tt.lost, &tt.between
			m, l := measureFor(Loss), Default()
			f := l.measure(r, m, Up)
			if f.Level != tt.level || f.Borderline != tt.isOpen || (f.Code == CodeBorderline) != tt.isOpen {
				t.Fatalf("got %+v", f)
			}
			if got := f.SettledByS; (got == nil) != (tt.settledBy == 0) || got != nil && *got != tt.settledBy {
				t.Errorf("settled by: got %v, want %g: %s", got, tt.settledBy, f.Text)
			}
			for _, j := range l.Figures(r) {
				if j.Key == Loss && (j.Up.Borderline != tt.isOpen || j.Down.Borderline || strings.Contains(j.Word(), "borderline") != tt.isOpen) {
					t.Errorf("on paper: got %+v, %s", j, j.Word())
				}
			}
		})
	}
}

// A limit that is broken the other way for sure is broken, and not borderline.
func TestSureFailureBesideABorderlineOne(t *testing.T) {
	r := goodResult()
	r.Voice.Up.LossPercent, r.Voice.Up.LossInterval = new(1.2), &facts.Interval{LowPercent: 0.8, HighPercent: 3}
	r.Voice.Down.LossPercent, r.Voice.Down.LossInterval = new(6.0), &facts.Interval{LowPercent: 4, HighPercent: 8}
	for _, j := range Default().Figures(r) {
		if j.Key == Loss && j.Word() != "Fail" {
			t.Errorf("got %q", j.Word())
		}
	}
}

// Order is a share for which more is better.
func TestOrderIsBorderline(t *testing.T) {
	for _, tt := range []struct {
		got, low, high float64
		sent           int
		borderline     bool
		level          Level
		text           string
	}{
		{98.5, 97.2, 99.3, 1500, true, Pass, "97.2 to 99.3 % in the long run"},
		{97.5, 96.1, 98.4, 1500, true, Fail, "96.1 to 98.4 %"},
		{99.8, 99.1, 99.9, 1500, false, Pass, "Packet order"},
		{90, 86, 93, 1500, false, Fail, "Packet order"},
		{100, 96, 100, 500, false, Pass, "Packet order"},
		{100, 80, 100, 100, true, Pass, "at least 80 %"},
	} {
		r := goodResult()
		r.Voice.DurationS = float64(tt.sent) / 50
		d := r.Voice.Up
		d.Sent, d.Received, d.InOrderPercent, d.InOrderInterval = tt.sent, tt.sent, &tt.got, &facts.Interval{LowPercent: tt.low, HighPercent: tt.high}
		f := Default().measure(r, measureFor(Order), Up)
		if f.Borderline != tt.borderline || f.Level != tt.level || !strings.Contains(f.Text, tt.text) || f.Borderline && f.SettledByS == nil {
			t.Errorf("%v (%v to %v): %+v", tt.got, tt.low, tt.high, f)
		}
	}
}

// A figure that cannot be relied on, or that is not known, is not borderline: a longer call
// does not help.
func TestNotBorderline(t *testing.T) {
	for name, change := range map[string]func(*facts.Direction){
		"unreliable":   func(d *facts.Direction) { d.Unreliable = []facts.Unreliable{{Code: facts.UnreliablePC}} },
		"not measured": func(d *facts.Direction) { d.LossPercent = nil },
		"an old file":  func(d *facts.Direction) { d.LossInterval = nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := goodResult()
			r.Voice.Up.LossPercent, r.Voice.Up.LossInterval = new(1.2), &facts.Interval{LowPercent: 0.8, HighPercent: 3}
			change(r.Voice.Up)
			if f := Default().measure(r, measureFor(Loss), Up); f.Borderline || f.Code == CodeBorderline {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// A call that goes on until it is sure ends when no share of any call is
// borderline: one that fails for sure is sure, too.
func TestIsClear(t *testing.T) {
	call := func(lost, low, high float64) facts.CallPair {
		up, down := goodDirection(), goodDirection()
		down.LossPercent, down.LossInterval = &lost, &facts.Interval{LowPercent: low, HighPercent: high}
		return facts.CallPair{Up: up, Down: down}
	}
	sure, open, bad := call(0.2, 0.1, 0.5), call(0.8, 0.4, 1.9), call(6, 4, 9)
	for _, tt := range []struct {
		calls []facts.CallPair
		want  bool
	}{
		{nil, true},
		{[]facts.CallPair{sure}, true},
		{[]facts.CallPair{bad}, true},
		{[]facts.CallPair{open}, false},
		{[]facts.CallPair{sure, open, bad}, false},
		{[]facts.CallPair{{Up: goodDirection()}}, true},
	} {
		if got := Default().IsClear(facts.Voice{DurationS: 30, PerCall: tt.calls}); got != tt.want {
			t.Errorf("%d calls: got %v, want %v", len(tt.calls), got, tt.want)
		}
	}
}

func measureFor(key Key) Measure {
	return measures[slices.IndexFunc(measures, func(m Measure) bool { return m.Key == key })]
}
