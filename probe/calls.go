package probe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"netready/probe/facts"

	"netready/probe/call"
	"netready/probe/internal/stamp"
	"netready/probe/nat"
	"netready/probe/stream"
)

// placeCalls places the calls. Nothing else is sent on the link but the pings of the
// gateway and the STUN checks.
func (r *run) placeCalls(ctx context.Context) {
	if !r.plan.asks(facts.PartVoice) {
		return
	}
	if r.session == nil && r.relay == nil {
		r.measureRoundTrip(ctx)
		return
	}
	if ctx.Err() != nil {
		r.missingFor(facts.CodeStopped, "voice", "the run was stopped before the call")
		return
	}
	if r.relay != nil {
		r.placeRelayCalls(ctx)
		return
	}
	stopWatch := r.watch(ctx)
	began := time.Now()
	r.track.at(StepCall, 0, nil)
	outcome, err := r.session.Run(ctx, call.Plan{Enough: r.enough(), Live: func(l call.Live) { r.track.call(began, liveOf(l)) }})
	seen := stopWatch()
	if err != nil {
		r.missing("voice", err.Error())
		r.result.Complete = false
		return
	}
	r.result.Voice.Mode = facts.ModeResponder
	r.write(outcome, seen)
}

// enough asks the plan whether the calls have told enough.
func (r *run) enough() func(*call.Outcome) bool {
	if r.plan.Enough == nil {
		return nil
	}
	return func(o *call.Outcome) bool {
		o.Enough = true
		return r.plan.Enough(r.voiceOf(o, r.session.Duration()))
	}
}

// voiceOf are the figures of calls that are judged before the result is made.
func (r *run) voiceOf(o *call.Outcome, granted time.Duration) facts.Voice {
	v := facts.Voice{Mode: facts.ModeResponder, Calls: len(o.Calls), DurationS: lasted(o, granted).Seconds(), RTT: r.roundTrips(o)}
	q := r.quality()
	if v.RTT != nil {
		q.MinRTTMS = v.RTT.MinMS
	}
	for _, c := range o.Calls {
		var pair facts.CallPair
		pair.Up, _ = direction(c.Up, r.plan.JitterBuffer, q, thisPC, theResponder)
		pair.Down, _ = direction(c.Down, r.plan.JitterBuffer, q, theResponder, thisPC)
		v.PerCall = append(v.PerCall, pair)
	}
	return v
}

// quality is what the MOS of a call to a responder depends on.
func (r *run) quality() Quality {
	return Quality{
		Codec: r.codec, PacketTime: stream.PacketTime, JitterBuffer: r.plan.JitterBuffer,
		Ie: r.plan.Ie, Bpl: r.plan.Bpl,
	}
}

// shortened says that a call was shorter than was asked for, and why: the
// responder granted less, or the call was cut short.
func shortened(asked, granted, lasted time.Duration, reason string) []string {
	if granted > 0 && lasted >= granted {
		reason = "the responder grants no more (its operator sets --max-duration)"
	}
	if lasted >= asked {
		return nil
	}
	return []string{fmt.Sprintf("The call lasted %v instead of the %v asked for: %s.", lasted.Round(10*time.Millisecond), asked, strings.TrimSuffix(reason, "."))}
}

// lasted is how long the calls lasted: all of what was granted, or up to the
// last packet that was sent.
func lasted(o *call.Outcome, granted time.Duration) time.Duration {
	if o.Complete && !o.Enough {
		return granted
	}
	sent := 0
	for _, c := range o.Calls {
		sent = max(sent, c.Up.Sent, c.Down.Sent)
	}
	return min(granted, time.Duration(sent)*stream.PacketTime)
}

// write turns the outcome of the calls, and what was seen beside them, into the
// figures of the Result.
func (r *run) write(o *call.Outcome, seen beside) {
	v := &r.result.Voice
	if !o.Complete {
		r.result.Complete = false
		r.missingFor(o.Code, "voice.complete", o.Reason)
	}
	v.RTT = r.roundTrips(o)
	q := r.quality()
	if v.RTT != nil {
		q.MinRTTMS = v.RTT.MinMS
	} else {
		r.missing("voice.rtt", "no round trip was answered, neither over UDP nor over the control connection")
	}
	length := lasted(o, r.session.Duration())
	v.DurationS = length.Seconds()
	v.DurationAuto = r.plan.Enough != nil
	if o.Enough {
		v.DurationAskedS = v.DurationS
	}
	v.Assumptions = q.Assumptions()
	if !o.Enough {
		v.Assumptions = append(v.Assumptions, shortened(r.plan.Duration, r.session.Duration(), length, o.Reason)...)
	}
	var late []time.Duration
	var noSkew []skewReasons
	for i, c := range o.Calls {
		r.own = append(r.own, c.Local, c.Mapped)
		var pair facts.CallPair
		var why skewReasons
		pair.Up, why.up = direction(c.Up, r.plan.JitterBuffer, q, thisPC, theResponder)
		pair.Down, why.down = direction(c.Down, r.plan.JitterBuffer, q, theResponder, thisPC)
		if pair.Down != nil {
			pair.Down.KernelStamps = stamp.Kernel
		}
		v.PerCall, noSkew = append(v.PerCall, pair), append(noSkew, why)
		late = append(late, c.Lateness...)
		for _, p := range c.PathChanges {
			v.PathChanges = append(v.PathChanges, fmt.Sprintf("after %.1f s the responder saw this machine as %s instead of %s", p.At.Seconds(), p.To, p.From))
			v.MappingChanges = append(v.MappingChanges, facts.MappingChange{
				Call: i, AtS: facts.Round(max(0, (p.At - c.Started).Seconds())), From: p.From.String(), To: p.To.String(), OtherAddress: p.From.Addr() != p.To.Addr(),
			})
		}
	}
	if v.SendLatenessMS = lateness(late); v.SendLatenessMS == nil {
		r.missing("voice.send_lateness_ms", facts.CallNeverSent)
	}
	worst := worstCall(v.PerCall)
	if worst < 0 {
		r.missing("voice", "the responder granted no call")
		return
	}
	v.Up, v.Down, v.Reported = v.PerCall[worst].Up, v.PerCall[worst].Down, reported(worst, v.PerCall)
	r.unmeasured(o.Calls, noSkew, worst)
	v.Timeline = timeline(o.Calls[worst], o, r.plan.JitterBuffer)
	r.lay(seen, o.Begun+o.Calls[worst].Started, o.Calls[worst])
}

// direction is nil where nothing was sent that way. noSkew is why its clock
// skew is nil.
func direction(d call.Direction, jitterBuffer time.Duration, q Quality, sender, receiver end) (out *facts.Direction, noSkew string) {
	if d.Sent == 0 {
		return nil, ""
	}
	m := stream.Measure(d.Trace, jitterBuffer)
	out = NewDirection(m, q)
	out.Foreign, out.SocketDropped, out.SentLate = d.Foreign, int(d.Dropped), d.SentLate
	out.Unreliable = unreliable(d, sender, receiver)
	out.DSCPAsked, out.DSCPSet = &d.Mark.Asked, d.Mark.Set
	out.DSCPReason = d.Mark.Unread
	if out.DSCPReceived == nil && out.DSCPReason == "" {
		out.DSCPReason = "the system reported no mark of the packets that arrived"
		if out.Received == 0 {
			out.DSCPReason = nothingArrived
		}
	}
	if out.DSCPSet == nil {
		out.DSCPNotSet = cmp.Or(d.Mark.Doubt, "the responder did not tell")
		if out.DSCPReceived != nil && *out.DSCPReceived == d.Mark.Asked {
			out.DSCPSet, out.DSCPNotSet = &d.Mark.Asked, "" // it was, since it arrived so
		}
	}
	return out, m.SkewReason
}

// roundTrips are the checks of all calls, or those of the control connection.
func (r *run) roundTrips(o *call.Outcome) *facts.RTT {
	if o.Source == facts.RTTTCP {
		return rttOf(o.Source, lengths(o.TCP), 0)
	}
	var trips []stream.RoundTrip
	lost := 0
	for _, c := range o.Calls {
		lost += c.ChecksLost
		trips = append(trips, c.RoundTrips...)
	}
	return rttOf(o.Source, lengths(trips), lost)
}

// lengths are the round trips without their moments.
func lengths(trips []stream.RoundTrip) []time.Duration {
	var all []time.Duration
	for _, t := range trips {
		all = append(all, t.RTT)
	}
	return all
}

// rttOf summarises round trips; nil without any.
func rttOf(source string, trips []time.Duration, lost int) *facts.RTT {
	if len(trips) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(trips))
	var sum time.Duration
	for _, t := range sorted {
		sum += t
	}
	p95 := sorted[min(len(sorted)-1, (95*len(sorted)+99)/100-1)] // nearest rank
	avg := time.Duration(float64(sum) / float64(len(sorted)))
	return &facts.RTT{
		Source: source, Samples: len(sorted), Lost: lost,
		MinMS: facts.Milliseconds(&sorted[0]), AvgMS: facts.Milliseconds(&avg), P95MS: facts.Milliseconds(&p95), MaxMS: facts.Milliseconds(&sorted[len(sorted)-1]),
	}
}

func lateness(all []time.Duration) *facts.Lateness {
	l := stream.LatenessOf(all)
	if l == nil {
		return nil
	}
	return &facts.Lateness{P50: facts.Milliseconds(&l.P50), P99: facts.Milliseconds(&l.P99), Max: facts.Milliseconds(&l.Max)}
}

// timeline is the call, second by second.
func timeline(c call.Call, o *call.Outcome, jitterBuffer time.Duration) []facts.Second {
	up, down := stream.Seconds(c.Up.Trace, jitterBuffer), stream.Seconds(c.Down.Trace, jitterBuffer)
	trips := c.RoundTrips
	if o.Source == facts.RTTTCP {
		trips = o.TCP
	}
	line := make([]facts.Second, max(len(up), len(down)))
	for i := range line {
		line[i] = facts.Second{Second: i, Up: secondAt(up, i), Down: secondAt(down, i)}
		from := c.Started + time.Duration(i)*time.Second
		line[i].RTTMS = facts.Milliseconds(stream.MeanRTT(trips, from, from+time.Second))
	}
	if len(o.Calls) > 1 {
		together(line, o.Calls, jitterBuffer)
	}
	return line
}

// together adds what all calls sent and lost to the seconds: what limits a line by its
// rate shows in their sum alone.
func together(line []facts.Second, calls []call.Call, jitterBuffer time.Duration) {
	add := func(to **facts.SecondCount, s stream.Second) {
		if *to == nil {
			*to = &facts.SecondCount{}
		}
		(*to).Sent, (*to).Lost = (*to).Sent+s.Sent, (*to).Lost+s.Lost
	}
	for _, c := range calls {
		for i, s := range stream.Seconds(c.Up.Trace, jitterBuffer) {
			if i < len(line) && s.Sent > 0 {
				add(&line[i].CallsUp, s)
			}
		}
		for i, s := range stream.Seconds(c.Down.Trace, jitterBuffer) {
			if i < len(line) && s.Sent > 0 {
				add(&line[i].CallsDown, s)
			}
		}
	}
}

func secondAt(all []stream.Second, i int) *facts.SecondSide {
	if i >= len(all) {
		return nil
	}
	return secondSide(all[i])
}

func secondSide(s stream.Second) *facts.SecondSide {
	side := &facts.SecondSide{Sent: s.Sent, JitterMS: facts.Milliseconds(s.Jitter), DelayMS: facts.Milliseconds(s.Delay)}
	if s.Sent > 0 {
		side.LossPercent = new(facts.Round(100 * float64(s.Lost) / float64(s.Sent)))
		side.Discarded = &s.Discarded
	}
	return side
}

func liveOf(l call.Live) *Live {
	return &Live{Second: l.Second, Up: secondSide(l.Up), Down: secondSide(l.Down), RTTMS: facts.Milliseconds(l.RTT)}
}

// keepSession asks the responder for something now and then: it ends a session
// after 30 s without a request.
func (r *run) keepSession(ctx context.Context) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_, _ = r.session.Control().Clock(ctx) // the answer does not matter
		}
	}
}

// enoughSilence is the length of a run after which it is worth waiting for the few
// seconds that the silence still takes.
const enoughSilence = 27 * time.Second

// startSilence tests during the call whether a NAT mapping survives silence, with a
// socket of its own that sends nothing. The returned function ends the test with the
// call. Without a call the user asked for the NAT alone, and it waits for the end of
// the test.
func (r *run) startSilence(ctx context.Context) (stop func()) {
	s := r.portSession()
	if !r.plan.asks(facts.PartNAT) || s == nil || r.nat.Behind == nil || !*r.nat.Behind {
		return func() {}
	}
	silent, cancel := context.WithCancel(ctx)
	began := time.Now()
	var wg, kept sync.WaitGroup
	var survives *bool
	var reason string
	wg.Go(func() { survives, reason = nat.Silence(silent, nat.SilenceOptions{Nonce: s.Nonce, Knock: s.Media}) })
	return func() {
		switch {
		case !r.plan.asks(facts.PartVoice):
			defer r.track.during(StepSilence)()
		case time.Since(began) < enoughSilence:
			cancel()
		}
		kept.Go(func() { r.keepSession(silent) })
		wg.Wait()
		cancel()
		kept.Wait()
		r.nat.Survives30s, r.nat.SilenceReason = survives, reason
		r.nat.Explain()
	}
}
