package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"netready/probe/facts"

	"netready/probe/call"
	"netready/probe/relay"
	"netready/probe/stream"
)

// anyLate is a jitter buffer for which no packet is too late: a leg that repeats lost
// packets delays them, and the path does not cause that.
const anyLate = time.Hour

// Reasons why a call through a TURN server does not measure something.
const (
	notByRelay   = "calls go through a TURN server, which does not answer for it: this needs a responder in the region"
	onlyTogether = "through a TURN server it is known of both ways together: see voice.loop"
)

// connectRelay finds a TURN server that gives relays. Its errors are for
// the user to correct: credentials that were refused.
func (r *run) connectRelay(ctx context.Context) error {
	p := r.plan
	session, err := relay.Open(ctx, relay.Settings{
		Servers: p.TURN, Codec: p.Codec, Duration: p.Duration, Calls: p.Calls, DSCP: p.DSCP, Now: time.Now(),
	})
	switch {
	case err == nil:
		r.relay = session
		r.why, r.whyCode = notByRelay, facts.CodeRelay
		return nil
	case errors.Is(err, relay.ErrCredentials):
		return err
	case ctx.Err() != nil:
		r.why, r.whyCode = "the run was stopped before the TURN server had answered", facts.CodeStopped
	default:
		r.why, r.whyCode = joined([]error{err}), facts.CodeNoRelay
		r.whyErr = err
	}
	return nil
}

// placeRelayCalls is the call through a TURN server, alone on the link.
func (r *run) placeRelayCalls(ctx context.Context) {
	stopWatch := r.watch(ctx)
	began := time.Now()
	r.track.at(StepCall, 0, nil)
	outcome, err := r.relay.Run(ctx, relay.Plan{Enough: r.relayEnough(), Live: func(l relay.Live) { r.track.call(began, relayLive(l)) }})
	seen := stopWatch()
	if err != nil {
		r.missingFor(facts.CodeNoRelay, "voice", err.Error())
		r.result.Complete = false
		return
	}
	r.result.Voice.Mode = facts.ModeRelay
	r.writeRelay(outcome, seen)
}

// relayEnough asks the plan whether the calls have told enough.
func (r *run) relayEnough() func(*relay.Outcome) bool {
	if r.plan.Enough == nil {
		return nil
	}
	return func(o *relay.Outcome) bool {
		v := facts.Voice{Mode: facts.ModeRelay, Calls: len(o.Calls), RTT: relayRTT(o), DurationS: relayed(o)}
		q := r.quality()
		if v.RTT != nil {
			q.MinRTTMS = v.RTT.MinMS
		}
		for _, c := range o.Calls {
			v.PerCall = append(v.PerCall, r.relayCall(c, q).pair)
		}
		return r.plan.Enough(v)
	}
}

// relayed is how long the longest loop was sent, in seconds.
func relayed(o *relay.Outcome) float64 {
	longest := 0
	for _, c := range o.Calls {
		for _, l := range c.Loops {
			longest = max(longest, l.Sent)
		}
	}
	return facts.Round((time.Duration(longest) * stream.PacketTime).Seconds())
}

// relayLive is the losses of each way, or of both together where no more is known.
func relayLive(l relay.Live) *Live {
	live := &Live{Second: l.Second, RTTMS: facts.Milliseconds(l.RTT)}
	for _, s := range []struct {
		way  *stream.Second
		side **facts.SecondSide
	}{{l.Up, &live.Up}, {l.Down, &live.Down}} {
		switch {
		case s.way != nil:
			*s.side = lossAlone(*s.way)
		case l.Loop != nil:
			*s.side = secondSide(*l.Loop)
		}
	}
	return live
}

// lossAlone leaves out what times tell: a leg that repeats lost packets changes them.
func lossAlone(s stream.Second) *facts.SecondSide {
	side := secondSide(s)
	side.JitterMS, side.DelayMS, side.Discarded = nil, nil, nil
	return side
}

// writeRelay turns the outcome into the figures of the Result.
func (r *run) writeRelay(o *relay.Outcome, seen beside) {
	v := &r.result.Voice
	if !o.Complete {
		r.result.Complete = false
		r.missing("voice.complete", o.Reason)
	}
	q := r.quality()
	if v.RTT = relayRTT(o); v.RTT != nil {
		q.MinRTTMS = v.RTT.MinMS
	} else {
		r.missing("voice.rtt", "the TURN server answered no STUN Binding request on the relay's connection")
	}
	v.Assumptions = append(q.Assumptions(), relayAssumptions(o)...)
	if v.SendLatenessMS = lateness(o.Lateness); v.SendLatenessMS == nil {
		r.missing("voice.send_lateness_ms", facts.CallNeverSent)
	}
	var calls []relayCall
	for _, c := range o.Calls {
		one := r.relayCall(c, q)
		calls, v.PerCall = append(calls, one), append(v.PerCall, one.pair)
	}
	v.DurationS, v.DurationAuto = relayed(o), r.plan.Enough != nil
	if o.Enough {
		v.DurationAskedS = v.DurationS
	}
	worst := max(worstCall(v.PerCall), 0)
	v.Up, v.Down, v.Loop = calls[worst].pair.Up, calls[worst].pair.Down, calls[worst].pair.Loop
	v.Reported = reported(worst, v.PerCall)
	v.Relay = &facts.Relay{
		Server: o.Server, Software: o.Software, Peer: o.Peer, BytesUp: o.BytesUp, BytesDown: o.BytesDown,
		Loops: calls[worst].loops, Failed: append([]string{}, r.relay.Failed()...),
	}
	r.relayGaps(calls, worst)
	v.Timeline = relayTimeline(o, worst, r.plan.JitterBuffer)
	r.lay(seen, o.Started, call.Call{})
}

// relayAssumptions go with the figures of a call through a TURN server.
func relayAssumptions(o *relay.Outcome) []string {
	all := []string{
		"The call went through the TURN server " + o.Server + " and back to this machine. Jitter, order, discards and delay are of both ways together, and so at most that for each.",
		"MOS of a way takes it that every discarded packet was too late on that way: it is at least that.",
	}
	if o.RTTByTCP {
		all = append(all, "The TURN server cannot be reached by UDP: calls would go through a relay over TCP or TLS, and so did this one.")
	}
	if o.Peer == facts.PeerPublic {
		all = append(all, "The TURN server forbids its own relays as peers, so one end of each stream was this machine's public address.")
	}
	return all
}

func relayRTT(o *relay.Outcome) *facts.RTT {
	source := facts.RTTStun
	if o.RTTByTCP {
		source = facts.RTTTCP
	}
	return rttOf(source, lengths(o.RoundTrips), o.Lost)
}

// relayCall is one call with the figures of its streams.
type relayCall struct {
	pair    facts.CallPair
	loops   []facts.RelayLoop
	reasons []string // why a loop has no figures, "" if it has
	noSkew  []string
	of      []relay.Loop
}

func (r *run) relayCall(c relay.Call, q Quality) relayCall {
	one := relayCall{of: c.Loops, loops: []facts.RelayLoop{}}
	for _, l := range c.Loops {
		d, noSkew := r.relayDirection(l, q)
		one.reasons, one.noSkew = append(one.reasons, l.Reason), append(one.noSkew, noSkew)
		switch {
		case d == nil:
		case l.Up():
			one.pair.Up = d
		case l.Down():
			one.pair.Down = d
		default:
			one.pair.Loop = d
		}
	}
	for _, d := range []*facts.Direction{one.pair.Up, one.pair.Down} {
		q.bound(d, one.pair.Loop)
	}
	for _, l := range c.Loops {
		d := one.pair.Loop
		switch {
		case l.Up():
			d = one.pair.Up
		case l.Down():
			d = one.pair.Down
		}
		if d != nil {
			one.loops = append(one.loops, facts.RelayLoop{UpLeg: l.UpLeg, DownLeg: l.DownLeg, Direction: *d})
		}
	}
	return one
}

// relayDirection is the figures of one loop, nil where there are none. A loop with a
// leg that loses nothing measures losses only.
func (r *run) relayDirection(l relay.Loop, q Quality) (d *facts.Direction, noSkew string) {
	if l.Sent == 0 {
		return nil, ""
	}
	buffer := r.plan.JitterBuffer
	if !l.ThereAndBack() {
		buffer = anyLate
	}
	m := stream.Measure(l.Trace, buffer)
	d = NewDirection(m, q)
	d.Foreign, d.SocketDropped = l.Foreign, int(l.Dropped)
	d.Unreliable = relayUnreliable(l)
	d.ClockSkewPPM, m.SkewReason = nil, "it was sent and received by one clock"
	d.DSCPAsked, d.DSCPReason, d.DSCPNotSet = &r.plan.DSCP, l.NoDSCP, "a TURN server does not report the marks that it received, and sets its own"
	d.DSCPReceived = nil // it is the mark of the server's packets, and nobody asked the server for one
	if d.DSCPReason == "" {
		d.DSCPReason = "a TURN server sets marks of its own"
	}
	if !l.ThereAndBack() {
		d.Discarded, d.Reordered, d.DiscardPercent, d.InOrderPercent = nil, nil, nil, nil
		d.DiscardInterval, d.InOrderInterval = nil, nil
		d.JitterMS, d.JitterMaxMS, d.PDVp99MS, d.ClockSkewPPM = nil, nil, nil, nil
		d.R, d.MOS, d.Shifts = nil, nil, []facts.Shift{}
	}
	return d, m.SkewReason
}

// relayUnreliable says which end was too busy for a loop's losses to be reliable.
func relayUnreliable(l relay.Loop) []facts.Unreliable {
	all := []facts.Unreliable{}
	if l.Dropped > 0 {
		all = append(all, facts.Unreliable{Code: facts.UnreliablePC, Text: fmt.Sprintf("this computer's socket dropped %d datagrams for want of room", l.Dropped)})
	}
	if float64(l.ReadLate) > bunchedShare*float64(l.Sent) {
		all = append(all, facts.Unreliable{Code: facts.UnreliablePC, Text: readLateWords("this computer", l.ReadLate), Packets: l.ReadLate})
	}
	if l.Unsure > 0 {
		all = append(all, facts.Unreliable{Code: facts.UnreliableRelay, Text: fmt.Sprintf(
			"the connection over TCP stopped for more than a second, and the TURN server itself may have dropped %d of the packets meanwhile", l.Unsure)})
	}
	return all
}

// bound rates a way whose discards are known of both ways together alone: R and MOS as
// if all of them were on this way, which is the least that they can be.
func (q Quality) bound(d, loop *facts.Direction) {
	if d == nil || loop == nil || d.LossPercent == nil {
		return
	}
	discards, burstR := 0.0, 1.0
	if loop.Discarded != nil && loop.Received > 0 {
		// Of those that arrived: a packet that one way delays may be lost on the other.
		discards = 100 * float64(*loop.Discarded) / float64(loop.Received)
	}
	for _, b := range []*float64{d.Burst.BurstR, loop.Burst.BurstR} {
		if b != nil {
			burstR = max(burstR, *b)
		}
	}
	d.R, d.MOS = q.of(*d.LossPercent+discards, burstR)
	own := 1.0
	if d.Burst.BurstR != nil {
		own = *d.Burst.BurstR
	}
	_, d.MOSAtMost = q.of(*d.LossPercent, own)
}

// relayGaps notes why figures of the calls through a TURN server are missing.
func (r *run) relayGaps(calls []relayCall, reported int) {
	for i, c := range calls {
		name, figures := "voice", "voice"
		if i != reported {
			name, figures = fmt.Sprintf("voice.per_call[%d]", i), "voice.per_call[]"
		}
		for _, side := range []struct {
			way string
			d   *facts.Direction
			is  func(relay.Loop) bool
		}{
			{".up", c.pair.Up, relay.Loop.Up},
			{".down", c.pair.Down, relay.Loop.Down},
			{".loop", c.pair.Loop, relay.Loop.ThereAndBack},
		} {
			at, reason := c.find(side.is)
			switch {
			case side.d != nil && side.way == ".loop":
				r.relayMissing(directionGaps(side.d, figures+side.way, c.noSkew[at]))
			case side.d != nil:
				r.relayMissing(wayGaps(side.d, figures+side.way, c.pair.Loop != nil))
			case side.way != ".loop": // without it the call is not complete, which says why
				r.missingFor(facts.CodeTogether, name+side.way, reason)
			}
		}
	}
}

// find is the loop of a kind, and why it has no figures.
func (c relayCall) find(is func(relay.Loop) bool) (at int, reason string) {
	for i, l := range c.of {
		if is(l) {
			if c.reasons[i] == "" {
				return i, facts.CallNeverSent
			}
			return i, c.reasons[i]
		}
	}
	return 0, "the TURN server does not offer UDP together with TCP or TLS, which is needed to measure the two directions separately: see voice.loop"
}

// wayGaps are the gaps of a way of which only the losses are known.
func wayGaps(d *facts.Direction, name string, loop bool) []facts.NotMeasured {
	var gaps []facts.NotMeasured
	for _, g := range directionGaps(d, name, onlyTogether) {
		switch g.What {
		case name + ".loss_percent", name + ".burst.burst_r", name + ".burst.worst_window_percent":
		case name + ".mos", name + ".r":
			if loop {
				break
			}
			g.Reason = "it takes the discards of both ways together, and they were not measured"
		default:
			g.Reason, g.Code = onlyTogether, facts.CodeTogether
		}
		gaps = append(gaps, g)
	}
	for _, what := range []string{"discarded", "reordered"} {
		gaps = append(gaps, facts.NotMeasured{What: name + "." + what, Reason: onlyTogether, Code: facts.CodeTogether})
	}
	return gaps
}

// relayMissing notes gaps, each once.
func (r *run) relayMissing(gaps []facts.NotMeasured) {
	for _, g := range gaps {
		known := false
		for _, n := range r.result.NotMeasured {
			known = known || n.What == g.What
		}
		if !known {
			r.missingFor(g.Code, g.What, g.Reason)
		}
	}
}

// relayTimeline is the call, second by second: losses of each way, other figures of
// both together.
func relayTimeline(o *relay.Outcome, call int, jitterBuffer time.Duration) []facts.Second {
	var line []facts.Second
	at := func(i int) *facts.Second {
		for len(line) <= i {
			line = append(line, facts.Second{Second: len(line)})
		}
		return &line[i]
	}
	for _, l := range o.Calls[call].Loops {
		for i, s := range stream.Seconds(l.Trace, jitterBuffer) {
			one := at(i)
			switch {
			case l.Up():
				one.Up = lossAlone(s)
			case l.Down():
				one.Down = lossAlone(s)
			default:
				one.Loop = secondSide(s)
			}
		}
	}
	for i := range line {
		from := o.Started + time.Duration(i)*time.Second
		line[i].RTTMS = facts.Milliseconds(stream.MeanRTT(o.RoundTrips, from, from+time.Second))
	}
	return line
}
