package thresholds

import (
	"math"
	"strconv"
	"strings"
)

// Figure prints a measured figure for people, with its unit: "4.36", "71 %",
// "2.4 Gbit/s". It has two decimals under 10, one under 100 and none above; the
// JSON and the TXT have them all. What is not zero is never printed as 0, and a
// share that is not whole never as 100 %.
//
// It is the one place where page, printable page, terminal and the sentences of
// the judgement turn a number into text.
func Figure(f float64, unit string) string { return FigureBy(f, unit, Limit{}) }

// FigureBy prints like Figure, with as many decimals as it takes to be on the same
// side of the limit as the figure itself: 0.996 % with a limit of 1 % is not
// printed as "1 %", nor a MOS of 3.599 as "3.6".
func FigureBy(f float64, unit string, limit Limit) string {
	if unit == "Mbit/s" {
		return speed(f)
	}
	decimals := decimalsOf(f)
	for ; decimals < mostDecimals; decimals++ {
		if rounded := round(f, decimals); !misleads(f, rounded, unit, limit) {
			break
		}
	}
	return strings.TrimSpace(trimmed(f, decimals) + " " + unit)
}

// mostDecimals is what a Result is rounded to: more are not there.
const mostDecimals = 3

func decimalsOf(f float64) int {
	switch f = math.Abs(f); {
	case f >= 100:
		return 0
	case f >= 10:
		return 1
	}
	return 2
}

// misleads tells whether a rounded figure says something different from the figure.
func misleads(f, rounded float64, unit string, limit Limit) bool {
	switch {
	case f != 0 && rounded == 0, unit == "%" && f != 100 && rounded == 100:
		return true
	case limit.Below != nil && (f < *limit.Below) != (rounded < *limit.Below):
		return true
	}
	return limit.AtLeast != nil && (f < *limit.AtLeast) != (rounded < *limit.AtLeast)
}

// speed prints Mbit/s, as Gbit/s from 1000 on: one decimal is more than a few
// seconds of measuring are worth.
func speed(mbps float64) string {
	switch {
	case math.Abs(mbps) >= 999.5:
		return trimmed(mbps/1000, 1) + " Gbit/s"
	case math.Abs(mbps) >= 99.95:
		return trimmed(mbps, 0) + " Mbit/s"
	case mbps != 0 && round(mbps, 1) == 0:
		return trimmed(mbps, mostDecimals) + " Mbit/s"
	}
	return trimmed(mbps, 1) + " Mbit/s"
}

func round(f float64, decimals int) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', decimals, 64), 64) // a number that was just printed
	return rounded
}

// trimmed has at most so many decimals, and no zeros at its end.
func trimmed(f float64, decimals int) string {
	return strconv.FormatFloat(round(f, decimals)+0, 'f', -1, 64) // + 0: no minus before a zero
}
