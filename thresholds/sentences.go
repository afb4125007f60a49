package thresholds

import (
	"fmt"
	"slices"
	"strings"

	"netready/probe/facts"
)

// Sentences that page, printable page, terminal and TXT share: they report the
// same fact in the same words.
const (
	SelfTest     = "This was a self-test inside this computer. It says nothing about your network."
	StoppedEarly = "You stopped the test early"
)

// Title is the verdict in two or three words.
func (v Verdict) Title() string {
	switch v {
	case Ready:
		return "Ready"
	case NotReady:
		return "Not ready"
	case Undetermined:
	}
	return "No verdict yet"
}

// IsSelfTest tells whether the call never left this computer.
func IsSelfTest(r facts.Result) bool { return r.Machine.Interface.Kind == facts.Loopback }

// IsStopped tells whether the user stopped the run early.
func IsStopped(r facts.Result) bool {
	return !r.Complete && slices.ContainsFunc(r.NotMeasured, func(n facts.NotMeasured) bool { return n.Code == facts.CodeStopped })
}

// Blocked says how many required connections failed, "" where none did. One whose
// name was not resolved was never tried, so it is not known whether it is blocked.
func Blocked(rows []facts.PortRow) string {
	named := slices.DeleteFunc(slices.Clone(rows), func(row facts.PortRow) bool { return row.Reason == facts.ReasonDNS })
	blocked := count(named, facts.StatusFail, true)
	unnamed := count(rows, facts.StatusFail, true) - blocked
	return strings.Join(slices.DeleteFunc([]string{
		counted(blocked, "required connection is blocked", "required connections are blocked"),
		counted(unnamed, "required name could not be resolved", "required names could not be resolved"),
	}, func(s string) bool { return s == "" }), ", ")
}

// Unmeasured says how many required connections were not measured, "" where all were.
func Unmeasured(rows []facts.PortRow) string {
	return counted(count(rows, facts.StatusNotMeasured, true), "required connection was not measured", "required connections were not measured")
}

// OptionalFailed says how many optional checks failed, "" where none did.
func OptionalFailed(rows []facts.PortRow) string {
	return counted(count(rows, facts.StatusFail, false), "optional check failed (no effect on the result)", "optional checks failed (no effect on the result)")
}

func count(rows []facts.PortRow, status string, required bool) int {
	n := 0
	for _, row := range rows {
		if row.Status == status && row.Required == required {
			n++
		}
	}
	return n
}

// counted is a number with the singular or the plural.
func counted(n int, one, many string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
