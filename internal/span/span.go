// Package span reads a span of time as people write it.
package span

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Day is the span that "1d" means.
const Day = 24 * time.Hour

// longest is the most that Parse reads: beyond it a time.Duration ends.
const longest = 100 * 365 * Day

// Parse reads 7d, or what time.ParseDuration reads (36h, 1h30m). Less than 0 and more than
// a hundred years are errors; the error does not say the text again.
func Parse(text string) (time.Duration, error) {
	var d time.Duration
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || !(n >= 0 && n <= float64(longest/Day)) {
			return 0, errSpan
		}
		d = time.Duration(n * float64(Day))
	} else if read, err := time.ParseDuration(text); err == nil {
		d = read
	} else {
		return 0, errSpan
	}
	if d < 0 || d > longest {
		return 0, errSpan
	}
	return d, nil
}

var errSpan = errors.New("not a span of time as in 7d, 36h or 90m")
