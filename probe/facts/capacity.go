package facts

// Capacity is how many calls at once the line carries with every limit kept
// (`--calls-max`): calls are added in steps, each placed for some seconds.
type Capacity struct {
	Asked int `json:"asked"` // the most calls that were to be tried
	// The most calls at once that kept every limit. Null: no step was completed;
	// `reason` says why.
	GoodCalls *int `json:"good_calls"`
	// No limit broke: the line may carry more. `reason` says why the search ended, if
	// not because `asked` was reached.
	AtLeast bool           `json:"at_least"`
	Broke   []Broken       `json:"broke"`  // the limits that the smallest number of calls that was too many broke, the most important first
	Steps   []CapacityStep `json:"steps"`  // in the order in which they were tried
	Reason  string         `json:"reason"` // why the search ended early, or why there was none
}

// CapacityStep is one number of calls that was tried.
type CapacityStep struct {
	Calls  int      `json:"calls"`  // at once
	Broken []Broken `json:"broken"` // the limits that broke; empty: none
}

// Broken is a limit that broke, with the worst figure of all calls.
type Broken struct {
	What  string  `json:"what"`  // as in a finding: loss_up
	Got   float64 `json:"got"`   // in the limit's unit
	Limit float64 `json:"limit"` // what it was compared with
}
