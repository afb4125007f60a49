package facts

// Capacity is how many calls at once the line carries with every limit kept
// (`--calls-max`): calls are added in steps, each placed for some seconds.
type Capacity struct {
	Asked int `json:"asked"` // the most that were to be tried
	// The most calls at once that kept every limit. Null: `reason` says why none
	// was tried to its end.
	GoodCalls *int `json:"good_calls"`
	// No limit broke: there may be room for more. `reason` says why the search
	// ended, if it was not with `asked`.
	AtLeast bool           `json:"at_least"`
	Broke   []Broken       `json:"broke"`  // the limits that broke with the fewest calls that were too many, the gravest first
	Steps   []CapacityStep `json:"steps"`  // in the order of their tries
	Reason  string         `json:"reason"` // why the search ended before it knew, or why there was none
}

// CapacityStep is one number of calls that was tried.
type CapacityStep struct {
	Calls  int      `json:"calls"`  // at once
	Broken []Broken `json:"broken"` // the limits that did not hold; empty: all held
}

// Broken is a limit that did not hold, with the worst figure of all calls.
type Broken struct {
	What  string  `json:"what"`  // as in a finding: loss_up
	Got   float64 `json:"got"`   // in the limit's unit
	Limit float64 `json:"limit"` // what it was compared with
}
