// Package thresholds says what a measurement means: the documented limits as
// data, and the judgement that is made from them.
package thresholds

// Verdict is the outcome of a whole assessment.
type Verdict string

// Values of `verdict`; `not_ready` always wins.
const (
	Ready        Verdict = "ready"        // everything required was measured and is within its limit
	NotReady     Verdict = "not_ready"    // a limit is broken or a required port failed
	Undetermined Verdict = "undetermined" // nothing failed, but something required was not measured
)

// Level is how serious a finding is.
type Level string

// Values of `findings[].level`.
const (
	Pass    Level = "pass"    // a limit is kept
	Warn    Level = "warn"    // worth knowing; the verdict does not depend on it
	Fail    Level = "fail"    // a limit is broken or a required port failed
	Unknown Level = "unknown" // required, but not measured
)

// A Finding is one sentence of the judgement.
type Finding struct {
	Level Level  `json:"level"` // how serious it is
	What  string `json:"what"`  // what it is about
	// The figure. Null: it is about no figure, or about one that was not measured.
	Got    *float64 `json:"got"`
	Limit  *float64 `json:"limit"`          // the limit that it was compared with. Null: there is none
	Text   string   `json:"text"`           // one sentence
	Advice string   `json:"advice"`         // what to do; empty: nothing
	Row    string   `json:"row,omitempty"`  // of a firewall row: its name
	Code   string   `json:"code,omitempty"` // the code of its reason; of one about the cause: the place
	Rule   string   `json:"rule,omitempty"` // the firewall rule to ask for
	// A longer call could be judged otherwise: the limit lies within the confidence
	// interval of the share. Such a finding has the code `borderline` unless it has
	// another one.
	Borderline bool `json:"borderline,omitempty"`
	// Of a borderline share: how long a call has to be to settle it, if it goes on
	// like this one. Left out: it would take more than an hour.
	SettledByS *float64 `json:"settled_by_s,omitempty"`
	// Of a finding about the cause: which rule of where.md applies.
	Cause      string     `json:"cause,omitempty"`
	Confidence Confidence `json:"confidence,omitempty"` // of a finding about the cause: how sure it is
	// Of a finding about the cause: the share of all that is broken that it
	// explains, 0 to 1. Left out: no limit is broken.
	Explains *float64 `json:"explains,omitempty"`
	Show     string   `json:"show,omitempty"` // of a finding about the cause: whom to show it to

	first bool // it says where the fault lies, and comes first
	call  int  // which of the calls it is of, counted from 1; 0: the reported one
}
