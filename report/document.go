// Package report writes a judged result as JSON, text, HTML and workbook. It measures
// nothing and judges nothing.
package report

import (
	"netready/probe/facts"
	"netready/thresholds"
)

// A Report is a Result with the limits by which it was judged, the findings and the
// verdict.
type Report struct {
	facts.Result
	Limits   thresholds.Limits    `json:"limits"`   // the limits that the result was judged by
	Findings []thresholds.Finding `json:"findings"` // what the judgement found: failures first, most important first
	Verdict  thresholds.Verdict   `json:"verdict"`  // the verdict; `not_ready` always wins
}

// New judges the result by the limits.
func New(r facts.Result, l thresholds.Limits) Report {
	findings := l.Judge(r)
	return Report{Result: r, Limits: l, Findings: findings, Verdict: thresholds.VerdictOf(r, findings)}
}
