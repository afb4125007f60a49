package port

import (
	"testing"
	"time"
)

func TestPulse(t *testing.T) {
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	var p pulse
	for ms := 0; ms <= 1000; ms += 50 {
		p.beat(at(ms))
	}
	if p.stoodStill(at(0), at(1050)) {
		t.Error("a steady machine was said to stand still")
	}
	p.beat(at(6000))
	for name, test := range map[string]struct {
		since, now int
		want       bool
	}{
		"during":           {since: 900, now: 6050, want: true},
		"began within":     {since: 3000, now: 6050, want: true},
		"after":            {since: 6010, now: 6060, want: false},
		"beat not yet due": {since: 6060, now: 9000, want: true},
	} {
		q := pulse{last: p.last, stillUntil: p.stillUntil}
		if got := q.stoodStill(at(test.since), at(test.now)); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
