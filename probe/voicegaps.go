package probe

import (
	"fmt"
	"slices"

	"netready/probe/facts"

	"netready/probe/call"
)

// unmeasured notes for every direction of every call why there are no figures, or why
// some are missing; the reported call has the names of Up and Down. Hundreds of calls
// may lack the same figure for the same reason, which is noted once, as per_call[].
func (r *run) unmeasured(calls []call.Call, noSkew []skewReasons, reported int) {
	for i, c := range calls {
		name, figures := "voice", "voice"
		if i != reported {
			name, figures = fmt.Sprintf("voice.per_call[%d]", i), "voice.per_call[]"
		}
		for _, side := range []struct {
			way          string
			reason, code string
			d            *facts.Direction
			noSkew       string
		}{
			{".up", c.Up.Reason, c.Up.Code, r.result.Voice.PerCall[i].Up, noSkew[i].up},
			{".down", c.Down.Reason, c.Down.Code, r.result.Voice.PerCall[i].Down, noSkew[i].down},
		} {
			if side.d == nil {
				r.missingFor(side.code, name+side.way, side.reason)
				continue
			}
			for _, gap := range directionGaps(side.d, figures+side.way, side.noSkew) {
				if !slices.Contains(r.result.NotMeasured, gap) {
					r.missing(gap.What, gap.Reason)
				}
			}
		}
	}
}

// skewReasons are why the clock skew of a call is nil, "" where it is not.
type skewReasons struct{ up, down string }
