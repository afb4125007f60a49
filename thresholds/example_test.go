package thresholds_test

import (
	"fmt"

	"netready/probe/facts"
	"netready/thresholds"
)

// A result of a test call is judged by the documented limits, with the limit of
// the jitter replaced.
func ExampleLimits_Judge() {
	direction := thresholds.KeepLimits(&facts.Direction{Sent: 1500, Received: 1500, JitterMS: new(12.5)})
	result := facts.Result{
		Complete: true, Parts: []string{facts.PartVoice},
		Voice: facts.Voice{
			Mode: facts.ModeResponder, Up: direction, Down: direction,
			RTT: &facts.RTT{Source: facts.RTTStun, Samples: 150, AvgMS: new(42.0)},
		},
	}

	limits := thresholds.Default()
	limits.JitterMS = thresholds.Limit{Below: new(10.0)}
	findings := limits.Judge(result)
	fmt.Println(thresholds.VerdictOf(result, findings))
	for _, f := range findings {
		if f.Level == thresholds.Fail {
			fmt.Printf("%s: %g, limit %g\n", f.What, *f.Got, *f.Limit)
		}
	}
	// Output:
	// not_ready
	// jitter_up: 12.5, limit 10
	// jitter_down: 12.5, limit 10
}
