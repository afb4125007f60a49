package html

import (
	"maps"
	"testing"

	"netready/probe/facts"
	"netready/report"
)

// Through a TURN server jitter is of both ways together: its chart was missing.
func TestChartOfBothWaysTogether(t *testing.T) {
	var r report.Report
	for i := range 5 {
		r.Voice.Timeline = append(r.Voice.Timeline, facts.Second{
			Second: i, Up: &facts.SecondSide{Sent: 50, LossPercent: new(0.0)}, Down: &facts.SecondSide{Sent: 50, LossPercent: new(2.0)},
			Loop: &facts.SecondSide{Sent: 50, LossPercent: new(2.0), JitterMS: new(4.5), DelayMS: new(9.0)},
		})
	}
	single := map[string]bool{}
	for _, c := range charts(r) {
		single[c.Title] = c.Single
	}
	want := map[string]bool{"Jitter": true, "Packet loss": false, "Delay above the fastest packet": true}
	if !maps.Equal(single, want) {
		t.Errorf("got charts of both ways together %v, want %v", single, want)
	}
}
