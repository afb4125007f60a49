// Package thresholds says what a measurement means: the documented limits as
// data, and the judgement that is made from them.
package thresholds

// Limits are the expectations that a result is judged by.
type Limits struct {
	JitterMS       Limit `json:"jitter_ms" yaml:"jitter_ms"`
	LossPercent    Limit `json:"loss_percent" yaml:"loss_percent"`
	DiscardPercent Limit `json:"discard_percent" yaml:"discard_percent"`
	InOrderPercent Limit `json:"in_order_percent" yaml:"in_order_percent"`
	RTTAvgMS       Limit `json:"rtt_avg_ms" yaml:"rtt_avg_ms"`
	MOS            Limit `json:"mos" yaml:"mos"`
}

// A Limit is one bound, either below or at least a number.
type Limit struct {
	Below   *float64 `json:"below,omitempty" yaml:"below,omitempty"`
	AtLeast *float64 `json:"at_least,omitempty" yaml:"at_least,omitempty"`
}

// Verdict is what a whole assessment comes to.
type Verdict string

// The verdicts, see DESIGN: not_ready always wins.
const (
	Ready        Verdict = "ready"
	NotReady     Verdict = "not_ready"
	Undetermined Verdict = "undetermined"
)

// Level is how a finding weighs.
type Level string

// The levels of a finding.
const (
	Pass    Level = "pass"
	Warn    Level = "warn"
	Fail    Level = "fail"
	Unknown Level = "unknown" // required, but not measured
)

// A Finding is one sentence of the judgement.
type Finding struct {
	Level  Level    `json:"level"`
	What   string   `json:"what"` // jitter_up, loss_down, rtt, mos_up, port, cause, …
	Got    *float64 `json:"got"`
	Limit  *float64 `json:"limit"`
	Text   string   `json:"text"`
	Advice string   `json:"advice"`
	// Of a row of the firewall column: which, the code of its reason, and what
	// to hand on to whoever has to let it through.
	Row  string `json:"row,omitempty"`
	Code string `json:"code,omitempty"`
	Rule string `json:"rule,omitempty"`
}

// Default are the documented limits.
func Default() Limits {
	below := func(f float64) Limit { return Limit{Below: &f} }
	atLeast := func(f float64) Limit { return Limit{AtLeast: &f} }
	return Limits{
		JitterMS: below(30), LossPercent: below(1), DiscardPercent: below(5),
		InOrderPercent: atLeast(98), RTTAvgMS: below(150), MOS: atLeast(3.6),
	}
}
