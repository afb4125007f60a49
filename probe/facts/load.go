package facts

// UnderLoad is the same call again while the line is filled, first down, then
// up (`--under-load`).
type UnderLoad struct {
	Down   *LoadPhase `json:"down"`   // while the line to this machine was full. Null: `reason` says why
	Up     *LoadPhase `json:"up"`     // while the line from this machine was full. Null: `reason` says why
	Reason string     `json:"reason"` // why a phase is missing
}

// LoadPhase is one call on a full line.
type LoadPhase struct {
	// Throughput that filled the line, the first second of each transfer included.
	// Null: nothing flowed.
	Mbps     *float64   `json:"mbps"`
	CallUp   *Direction `json:"call_up"`   // the call to the far end during that time. Null: nothing was sent that way
	CallDown *Direction `json:"call_down"` // the call to this machine during that time. Null: nothing was sent that way
	RTT      *RTT       `json:"rtt"`       // round trip of the call's checks during that time. Null: nothing answered
	// Round trips a minute during that time, after the IETF's draft on responsiveness
	// under working conditions: 60,000 ms divided by the mean round trip. Null: as
	// `rtt`.
	RPM *float64 `json:"rpm"`
	// Round trips a minute on the idle line, by the call before. Null: nothing answered.
	IdleRPM *float64 `json:"idle_rpm"`
	// The same call without its mark (DSCP 0), at the same time: whether the mark
	// helps. Null: the call had none, or nothing was sent that way.
	UnmarkedUp    *Direction `json:"unmarked_up"`
	UnmarkedDown  *Direction `json:"unmarked_down"`   // the same to this machine. Null: as `unmarked_up`
	UnmarkedRTTMS *float64   `json:"unmarked_rtt_ms"` // its mean round trip. Null: nothing answered, or the call had no mark
	DurationS     float64    `json:"duration_s"`      // how long the call lasted
	Reason        string     `json:"reason"`          // why a figure of these is missing
}
