package probe

import (
	"slices"
	"time"

	"netready/probe/facts"

	"netready/probe/ice"
	"netready/probe/invite"
	"netready/probe/regions"
)

// A Plan says what to measure. cmd checks its values; here they are taken as they are.
type Plan struct {
	Region       regions.Region  // zero: the one that the responder names
	Regions      regions.List    // the list that Region came from
	Responders   []invite.Invite // tried in order; empty: those of the region
	Token        string          // for those of a region that are host:port alone
	TURN         []ice.Server    // the calls go through one of these TURN servers; empty: to a responder
	AllowMedia   []string        // hosts that the calls may go to in addition to the responder's own
	Organization string
	Location     string
	Duration     time.Duration // of the call
	// Enough is asked now and then while calls to a responder go on, with what is
	// known of them: true ends them, and Duration is then the most that they last.
	// Nil: they last for Duration.
	Enough       func(facts.Voice) bool
	Codec        string
	Calls        int
	JitterBuffer time.Duration
	DSCP         int
	Ie, Bpl      *float64 // override the codec's
	Features     []string // sip-phones, byoc
	Parts        []string // empty: all
	UnderLoad    bool     // the call once more while the line is filled
	// CallsMax is how many calls at once are tried for the line's capacity; 0: it is
	// not looked for. Breaks says which limits do not hold for calls.
	CallsMax     int
	Breaks       func(facts.Voice) []facts.Broken
	RangeSamples int           // ports of a range tried in a run, in addition to its two ends
	MaxWait      time.Duration // for a turn at a busy responder; 0: defaultMaxWait, below 0: not at all
	Version      string        // of this program, for Result.Tool
	// Digests makes of a complete result what the responder signs; nil: it is not
	// asked to.
	Digests func(facts.Result) (facts.Digests, error)
	// Home hears where the result can be sent, before anything is measured: once a
	// responder has granted the run, which may never be. Nil: nobody asks.
	Home func(Home)
	// Anonymous leaves this machine's name and addresses out of the result.
	Anonymous bool
	Progress  func(Event) // called from one goroutine at a time; nil: not needed
}

// An Event is the progress of a run.
type Event struct {
	Step string          // StepFirewall to StepDone
	Text string          // the same for people: "Placing the test call"
	Done float64         // share of the whole run, 0 to 1
	Left time.Duration   // estimate for the whole run; 0: not known, as while it waits for a turn
	Rows []facts.PortRow // firewall rows so far, with Step firewall
	Live *Live           // with Step call, once a second
}

// Live are the figures of a call while it runs, of the first one where there are
// several. They are provisional: late packets may still arrive.
type Live struct {
	Second int // of the call, as in Voice.Timeline: the first is 0
	Up     *facts.SecondSide
	Down   *facts.SecondSide
	RTTMS  *float64
}

// asks says whether the plan wants this part. No parts at all means all.
func (p Plan) asks(part string) bool {
	return len(p.Parts) == 0 || slices.Contains(p.Parts, part)
}
