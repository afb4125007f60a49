package main

import (
	"fmt"
	"strconv"
	"time"

	"netready/cmd/netready/page"
	"netready/probe/facts"
	"netready/thresholds"
)

// callLength is how long a call lasts: a time, or auto.
type callLength struct {
	time.Duration // of auto: the longest

	auto bool
}

// Bounds of a call that goes on until its shares are sure. The other figures
// need some seconds, too, so that it is no shorter than the usual call.
const (
	autoAtLeast = 30 * time.Second
	autoAtMost  = page.AutoAtMost
	autoWord    = "auto"
)

// UnmarshalText reads 30s or auto.
func (l *callLength) UnmarshalText(text []byte) error {
	if string(text) == autoWord {
		*l = callLength{autoAtMost, true}
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if _, notANumber := strconv.ParseFloat(string(text), 64); err != nil && notANumber == nil {
		return fmt.Errorf("%s has no unit: give %[1]ss for %[1]s seconds", text)
	}
	if err != nil {
		return fmt.Errorf("%q is not a length of time: give a time with its unit, such as 30s or 2m, or auto", text)
	}
	*l = callLength{Duration: d}
	return nil
}

// String is what was given.
func (l callLength) String() string {
	if l.auto {
		return autoWord
	}
	return l.Duration.String()
}

// enough says when a call may end.
func (callLength) enough(limits thresholds.Limits) func(facts.Voice) bool {
	return func(v facts.Voice) bool { return v.DurationS >= autoAtLeast.Seconds() && limits.IsClear(v) }
}
