package main

import (
	"bytes"
	"strings"
	"testing"

	"netready/probe"
	"netready/probe/regions"
)

// Offline the reasons tore the table apart: they stand below it.
func TestRegionsThatCannotBeMeasuredKeepTheTable(t *testing.T) {
	avg := 12.5
	rows := []regionRow{
		{ID: "near", Name: "Near", Measures: []string{"ports"}, RTT: &probe.RTT{Source: "echo", Samples: 6, AvgMS: &avg}},
		{ID: "far", Name: "Far", Measures: []string{"round_trip"}, Reason: strings.Repeat("no answer, ", 30)},
		{ID: "gone", Name: "Gone", Reason: "looking up gone.test: no answer in time"},
	}
	var out bytes.Buffer
	if err := (&RegionsCmd{Measure: true}).print(&App{Stdout: &out}, regions.List{}, rows); err != nil {
		t.Fatal(err)
	}
	table, below, found := strings.Cut(out.String(), "\nNot measured:\n")
	if !found || !strings.Contains(below, "far: no answer, ") || !strings.Contains(below, "gone: looking up") {
		t.Errorf("no reasons below the table:\n%s", out.String())
	}
	column := -1
	for line := range strings.Lines(strings.TrimRight(table, "\n")) {
		if len(line) > 100 {
			t.Errorf("a line of %d characters: %q", len(line), line)
		}
		at := strings.Index(line, map[bool]string{true: "ROUND TRIP", false: "not measured"}[column < 0])
		if column < 0 {
			column = at
		} else if strings.Contains(line, "not measured") && at != column {
			t.Errorf("not below its heading: %q", line)
		}
	}
}
