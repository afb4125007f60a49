package probe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"netready/probe/call"
	"netready/probe/facts"
)

// capacityCall is how long the calls of a step last: 300 packets each way of each
// call show 1 % of loss, and a queue that is too long fills in less.
const capacityCall = 6 * time.Second

// mostThatHold finds the most calls at once that hold, up to most: twice as many
// each time, and then by halves. try places so many; with an error the search ends.
func mostThatHold(most int, try func(calls int) (holds bool, err error)) (good int, err error) {
	bad := most + 1
	for calls := 1; good < bad-1; {
		holds, err := try(calls)
		if err != nil {
			return good, err
		}
		if holds {
			good = calls
		} else {
			bad = calls
		}
		if calls = (good + bad) / 2; bad > most {
			calls = min(2*good, most)
		}
	}
	return good, nil
}

// measureCapacity finds how many calls the line carries. It stops as soon as that
// is known.
func (r *run) measureCapacity(ctx context.Context) {
	if r.plan.CallsMax == 0 {
		return
	}
	c := &facts.Capacity{Asked: r.plan.CallsMax, Broke: []facts.Broken{}, Steps: []facts.CapacityStep{}}
	r.result.Capacity = c
	switch {
	case r.relay != nil:
		c.Reason = "no more than a few calls go through somebody's TURN server"
	case r.session == nil:
		c.Reason = r.noSession()
	default:
		defer r.track.during(StepCapacity)()
		kept, stop := context.WithCancel(ctx)
		var keeping sync.WaitGroup
		keeping.Go(func() { r.keepSession(kept) }) // the steps have sessions of their own, and this one signs the result
		r.addCalls(ctx, c)
		stop()
		keeping.Wait()
	}
}

// addCalls makes the steps.
func (r *run) addCalls(ctx context.Context, c *facts.Capacity) {
	good, err := mostThatHold(c.Asked, func(calls int) (bool, error) {
		broken, err := r.callsAtOnce(ctx, calls)
		if err != nil {
			return false, fmt.Errorf("%d calls at once: %w", calls, err)
		}
		c.Steps = append(c.Steps, facts.CapacityStep{Calls: calls, Broken: broken})
		if len(broken) > 0 {
			c.Broke = broken // each is tried with fewer calls than the one before
		}
		return len(broken) == 0, nil
	})
	c.AtLeast = len(c.Broke) == 0
	if err != nil {
		c.Reason = err.Error()
	}
	if len(c.Steps) == 0 {
		c.AtLeast = false
		return
	}
	c.GoodCalls = &good
	if err != nil && !c.AtLeast { // between the two nothing is known
		c.AtLeast = true
	}
}

var errCapacityStopped = errors.New("the run was stopped")

// callsAtOnce places calls for some seconds and returns the limits that broke in
// any. Calls that a machine at either end was too busy for say nothing of the line.
func (r *run) callsAtOnce(ctx context.Context, calls int) ([]facts.Broken, error) {
	s, err := call.Open(ctx, r.session.Control().Invite(), call.Settings{
		Codec: r.plan.Codec, Duration: capacityCall, Calls: calls, DSCP: r.plan.DSCP, AllowMedia: r.plan.AllowMedia,
	})
	if ctx.Err() != nil {
		return nil, errCapacityStopped
	}
	if err != nil {
		return nil, err
	}
	defer s.Close()
	o, err := s.Run(ctx, call.Plan{})
	switch {
	case ctx.Err() != nil:
		return nil, errCapacityStopped
	case err != nil:
		return nil, err
	case len(o.Calls) < calls:
		return nil, fmt.Errorf("the responder granted %d", len(o.Calls))
	case !o.Complete && o.Code != "": // the far end is gone
		return nil, errors.New(o.Reason)
	}
	return r.brokenBy(r.voiceOf(o, s.Duration()), o)
}

// brokenBy are the limits that calls broke. On a line that they fill, the responder's last
// report may be late: limits that are broken without it are broken, while kept ones are
// not known.
func (r *run) brokenBy(v facts.Voice, o *call.Outcome) ([]facts.Broken, error) {
	for _, pair := range v.PerCall {
		for _, d := range []*facts.Direction{pair.Up, pair.Down} {
			if d == nil {
				return nil, errors.New("one way of a call carried nothing")
			}
			if len(d.Unreliable) > 0 {
				return nil, errors.New(d.Unreliable[0].Text)
			}
		}
	}
	broken := r.plan.Breaks(v)
	if !o.Complete && len(broken) == 0 {
		return nil, errors.New(o.Reason)
	}
	return broken, nil
}
