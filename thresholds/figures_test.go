package thresholds_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"netready/thresholds"
)

// Figures stood on the page with all the digits of the JSON: "MOS 4.364",
// "5742.516 Mbit/s".
func TestFiguresForPeople(t *testing.T) {
	for _, test := range []struct {
		got  float64
		unit string
		want string
	}{
		{4.364, "", "4.36"},
		{71, "%", "71 %"},
		{71.333, "%", "71.3 %"},
		{2400, "Mbit/s", "2.4 Gbit/s"},
		{5742.516, "Mbit/s", "5.7 Gbit/s"},
		{0, "%", "0 %"},
		{math.Copysign(0, -1), "ms", "0 ms"},
		{0.004, "%", "0.004 %"},
		{0.0667, "%", "0.07 %"},
		{99.96, "%", "99.96 %"},
		{99.998, "%", "99.998 %"},
		{100, "%", "100 %"},
		{21.377, "ms", "21.4 ms"},
		{150.4, "ms", "150 ms"},
		{9.999, "ms", "10 ms"},
		{0.034, "ms", "0.03 ms"},
		{12345.678, "ms", "12346 ms"},
		{46.21, "Mbit/s", "46.2 Mbit/s"},
		{231.9, "Mbit/s", "232 Mbit/s"},
		{999.7, "Mbit/s", "1 Gbit/s"},
		{0.012, "Mbit/s", "0.012 Mbit/s"},
		{-3.256, "", "-3.26"},
	} {
		if got := thresholds.Figure(test.got, test.unit); got != test.want {
			t.Errorf("%v %s: got %q, want %q", test.got, test.unit, got, test.want)
		}
	}
}

// A rounded figure must not change sides: "1 %, pass, below 1 %" contradicts itself.
func TestRoundedFigureStaysOnItsSideOfTheLimit(t *testing.T) {
	for _, test := range []struct {
		limit thresholds.Limit
		unit  string
	}{
		{thresholds.Limit{Below: new(1.0)}, "%"},
		{thresholds.Limit{Below: new(30.0)}, "ms"},
		{thresholds.Limit{Below: new(150.0)}, "ms"},
		{thresholds.Limit{AtLeast: new(98.0)}, "%"},
		{thresholds.Limit{AtLeast: new(3.6)}, ""},
		{thresholds.Limit{Below: new(0.5)}, "%"},
	} {
		bound := 0.0
		if test.limit.Below != nil {
			bound = *test.limit.Below
		} else {
			bound = *test.limit.AtLeast
		}
		for thousandth := -60; thousandth <= 60; thousandth++ {
			got := math.Round(bound*1000+float64(thousandth)) / 1000
			text := strings.TrimSpace(strings.TrimSuffix(thresholds.FigureBy(got, test.unit, test.limit), test.unit))
			shown, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			if (got < bound) != (shown < bound) {
				t.Errorf("%v %s is shown as %s, on the other side of %v", got, test.unit, text, bound)
			}
		}
	}
}
