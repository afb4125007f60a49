// Package thresholds says what a measurement means: the documented limits as
// data, and the judgement that is made from them.
package thresholds

// Limits are the expectations that a result is judged by.
type Limits struct {
	JitterMS       Limit `json:"jitter_ms" yaml:"jitter_ms"`               // limit of `jitter_ms`, up and down
	LossPercent    Limit `json:"loss_percent" yaml:"loss_percent"`         // limit of `loss_percent`, up and down
	DiscardPercent Limit `json:"discard_percent" yaml:"discard_percent"`   // limit of `discard_percent`, up and down
	InOrderPercent Limit `json:"in_order_percent" yaml:"in_order_percent"` // limit of `in_order_percent`, up and down
	RTTAvgMS       Limit `json:"rtt_avg_ms" yaml:"rtt_avg_ms"`             // limit of `voice.rtt.avg_ms`
	MOS            Limit `json:"mos" yaml:"mos"`                           // limit of `mos`, up and down
}

// A Limit is one bound, either below or at least a number.
type Limit struct {
	Below   *float64 `json:"below,omitempty" yaml:"below,omitempty"`       // the figure has to be below this
	AtLeast *float64 `json:"at_least,omitempty" yaml:"at_least,omitempty"` // the figure has to be this or more
}

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

// Default are the documented limits.
func Default() Limits {
	var l Limits
	for _, m := range measures {
		if m.AtLeast {
			m.limit(&l).AtLeast = new(m.standard)
		} else {
			m.limit(&l).Below = new(m.standard)
		}
	}
	return l
}
