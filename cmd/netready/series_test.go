package main

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestUntil(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct{ now, until, want string }{
		{"2026-11-26 09:00", "18:00", "2026-11-26 18:00"},
		{"2026-11-26 18:00", "18:00", "2026-11-27 18:00"},
		{"2026-11-30 23:10", "6", "2026-12-01 06:00"},
		{"2026-11-26 09:00", "24:00", "2026-11-27 00:00"},
		{"2026-11-26 00:00", "0", "2026-11-27 00:00"},
	} {
		s, err := (&runCmd{Repeat: 1, Until: tt.until}).checkSeries(at(tt.now))
		if err != nil || !s.until.Equal(at(tt.want)) || s.every != usualEvery || s.single() {
			t.Errorf("at %s until %s: got %+v, %v", tt.now, tt.until, s, err)
		}
		if !s.isOver(1, s.until) || s.isOver(1000, s.until.Add(-time.Second)) {
			t.Errorf("until %s: over at the wrong time", tt.until)
		}
	}
	for _, c := range []runCmd{{Repeat: 1, Until: "25:00"}, {Repeat: 1, Until: "soon"}, {Repeat: 3, Until: "18:00"}, {Repeat: 1, Every: time.Minute}, {}} {
		if s, err := c.checkSeries(at("2026-11-26 09:00")); err == nil {
			t.Errorf("%+v is taken: %+v", c, s)
		}
	}
}

// When a computer wakes up, the wall clock has moved on and its timers have not: a start
// time that has passed is not waited for.
func TestWaitUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, wait := range []time.Duration{-time.Hour, 0, time.Second, 15 * time.Minute} {
			began := time.Now()
			waitUntil(t.Context(), began.Add(wait))
			if took := time.Since(began); took != max(0, wait) {
				t.Errorf("waited %v, want %v", took, wait)
			}
		}
	})
}
