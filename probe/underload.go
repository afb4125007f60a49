package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"netready/internal/lean"
	"netready/probe/bandwidth"
	"netready/probe/call"
	"netready/probe/facts"
	"netready/probe/internal/stamp"
	"netready/probe/machine"
	"netready/probe/pc"
	"netready/probe/stream"
)

const (
	// loadedFor is how long the call on a full line lasts, each way of filling it:
	// the line is somebody's, and a queue fills within a second or two.
	loadedFor = 8 * time.Second
	// ahead is how long the line is filled before the call begins, on a quick path.
	ahead = time.Second
	// fillTrips are the round trips in which TCP comes from its first 10 packets (RFC 6928) to
	// a thousand, doubling: enough for 5 Mbit/s over 2.5 s. slowestFill bounds what a round
	// trip is taken for.
	fillTrips   = 7
	slowestFill = 2500 * time.Millisecond
	// callEnds is how long a call may take beyond its length on a quick path, and
	// callTrips are the round trips that it takes in addition on a slow one.
	callEnds  = 4 * time.Second
	callTrips = 3
	// mostFills is how often the transfer is repeated if it ends because of its number of
	// bytes, which the responder bounds.
	mostFills = 3
)

// measureUnderLoad places the call again while the line is filled, first down,
// then up, beside the same call without its mark.
func (r *run) measureUnderLoad(ctx context.Context) {
	if !r.plan.UnderLoad {
		return
	}
	u := &facts.UnderLoad{}
	r.result.UnderLoad = u
	switch {
	case r.relay != nil:
		u.Reason = "the line is not filled through somebody's TURN server"
	case r.session == nil:
		u.Reason = r.noSession()
	case ctx.Err() != nil:
		u.Reason = "the run was stopped before it"
	default:
		defer r.track.during(StepUnderLoad)()
		var why []string
		for _, phase := range []struct {
			name string
			into **facts.LoadPhase
			way  func(context.Context, bandwidth.Link, bandwidth.Settings) *float64
		}{{"down", &u.Down, bandwidth.FillDown}, {"up", &u.Up, bandwidth.FillUp}} {
			p, err := r.loaded(ctx, "under_load."+phase.name, phase.way)
			if err != nil {
				why = append(why, fmt.Sprintf("%s: %v", phase.name, err))
			}
			*phase.into = p
		}
		u.Reason = strings.ReplaceAll(strings.Join(why, ", "), "\n", ", ")
	}
}

var errNotFilled = errors.New("the line could not be filled: the responder has too many such tests, or nothing got through")

// filling says for how long the line is filled before a call, and in all, on a path with this
// round trip: before TCP is up to speed the line is not full, and the call on it tells nothing.
func filling(trip time.Duration) (first, all time.Duration) {
	trip = min(max(trip, 0), slowestFill)
	first = ahead + fillTrips*trip
	return first, first + loadedFor + callEnds + callTrips*trip
}

// idleTrip is the round trip of the call on the idle line, 0 if it is not known.
func (r *run) idleTrip() time.Duration {
	if rtt := r.result.Voice.RTT; rtt != nil && rtt.AvgMS != nil {
		return time.Duration(*rtt.AvgMS * float64(time.Millisecond))
	}
	return 0
}

// loaded is one call while the line is filled one way.
func (r *run) loaded(ctx context.Context, name string, fill func(context.Context, bandwidth.Link, bandwidth.Settings) *float64) (*facts.LoadPhase, error) {
	marks := []int{r.plan.DSCP}
	if r.plan.DSCP != 0 {
		marks = append(marks, 0)
	}
	var sessions []*call.Session
	for _, dscp := range marks {
		s, err := call.Open(ctx, r.session.Control().Invite(), call.Settings{
			Codec: r.plan.Codec, Duration: min(loadedFor, r.plan.Duration), DSCP: dscp, AllowMedia: r.plan.AllowMedia,
		})
		if err != nil {
			if len(sessions) == 0 {
				return nil, err
			}
			break // without the unmarked call the marked one still tells
		}
		defer s.Close()
		sessions = append(sessions, s)
	}
	defer lean.Begin()()
	this := pc.Start(ctx, machine.Towards(ctx, r.farHost()).Name)
	first, longest := filling(r.idleTrip())
	loading, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	var mbps *float64
	all.Go(func() { mbps = fill(loading, r.session.Control(), bandwidth.Settings{For: longest, Times: mostFills}) })
	select {
	case <-ctx.Done():
	case <-time.After(first):
	}
	began := stamp.Now()
	outcomes, errs := make([]*call.Outcome, len(sessions)), make([]error, len(sessions))
	var calls sync.WaitGroup
	for i, s := range sessions {
		calls.Go(func() { outcomes[i], errs[i] = s.Run(ctx, call.Plan{}) })
	}
	calls.Wait()
	ended := stamp.Now()
	stop()
	all.Wait()
	if errs[0] != nil {
		return nil, errs[0]
	}
	if mbps == nil {
		return nil, errNotFilled // a call on an idle line must not pass for one on a full line
	}
	// What a sender hands over may yet wait in this machine: its interface knows what
	// left it.
	if up, down, ok := this.Stop(ctx).Traffic(began, ended); ok {
		mbps = new(max(up, down))
	}
	return r.phase(name, outcomes, mbps, sessions[0].Duration()), nil
}

// phase writes down the calls of a full line: the marked one, and the unmarked.
func (r *run) phase(name string, outcomes []*call.Outcome, mbps *float64, length time.Duration) *facts.LoadPhase {
	p := &facts.LoadPhase{Mbps: facts.Rounded(mbps), DurationS: facts.Round(lasted(outcomes[0], length).Seconds())}
	p.RTT = r.roundTrips(outcomes[0])
	p.RPM, p.IdleRPM = perMinute(p.RTT), perMinute(r.result.Voice.RTT)
	p.CallUp, p.CallDown = r.loadedCall(name+".call", outcomes[0], p.RTT)
	var missing []string
	if len(outcomes) > 1 && outcomes[1] != nil {
		rtt := r.roundTrips(outcomes[1])
		p.UnmarkedUp, p.UnmarkedDown = r.loadedCall(name+".unmarked", outcomes[1], rtt)
		if rtt != nil {
			p.UnmarkedRTTMS = rtt.AvgMS
		}
	} else {
		missing = append(missing, "there was no call without a mark beside it")
	}
	if !outcomes[0].Complete {
		missing = append(missing, outcomes[0].Reason)
	}
	for _, d := range []*facts.Direction{p.CallUp, p.CallDown} {
		if d == nil {
			missing = append(missing, "one way of the call carried nothing")
		}
	}
	if p.IdleRPM == nil {
		missing = append(missing, "no round trip was measured on the idle line")
	}
	p.Reason = strings.Join(missing, "; ")
	return p
}

// loadedCall are the two ways of one call.
func (r *run) loadedCall(name string, o *call.Outcome, rtt *facts.RTT) (up, down *facts.Direction) {
	if len(o.Calls) == 0 {
		return nil, nil
	}
	q := Quality{Codec: r.codec, PacketTime: stream.PacketTime, JitterBuffer: r.plan.JitterBuffer, Ie: r.plan.Ie, Bpl: r.plan.Bpl}
	if rtt != nil {
		q.MinRTTMS = rtt.MinMS
	}
	up, noUp := direction(o.Calls[0].Up, r.plan.JitterBuffer, q, thisPC, theResponder)
	down, noDown := direction(o.Calls[0].Down, r.plan.JitterBuffer, q, theResponder, thisPC)
	for _, side := range []struct {
		d    *facts.Direction
		name string
		why  string
	}{{up, name + "_up", noUp}, {down, name + "_down", noDown}} {
		if side.d == nil {
			continue
		}
		for _, gap := range directionGaps(side.d, side.name, side.why) {
			r.missing(gap.What, gap.Reason)
		}
	}
	return up, down
}

// perMinute is how many round trips fit into a minute (RPM of
// draft-ietf-ippm-responsiveness); nil without any.
func perMinute(rtt *facts.RTT) *float64 {
	if rtt == nil || rtt.AvgMS == nil || *rtt.AvgMS <= 0 {
		return nil
	}
	return new(facts.Round(60_000 / *rtt.AvgMS))
}
