package path

import (
	"slices"
	"strconv"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/stamp"
	"netready/probe/ping"
)

// result is what was found. The caller holds mu.
func (w *Watch) result() (facts.Path, []ping.Question) {
	now := stamp.Now()
	p := facts.Path{
		Method: w.method, Target: w.settings.Target.String(), Hops: []facts.Hop{}, Code: w.code, Reason: w.reason,
	}
	last := 0
	for _, h := range w.hops {
		if h.from.IsValid() {
			last = h.ttl
		}
		if h.isEnd {
			break // with a larger TTL the same host answers
		}
	}
	if last == 0 {
		if p.Code == "" {
			p.Code, p.Reason = facts.PathSilent, "no router on the way answered"
		}
		p.MarkReason = p.Reason
		return p, nil
	}
	beyond := w.beyond()
	var seconds []ping.Question
	for _, h := range w.hops[1 : last+1] {
		one := facts.Hop{TTL: h.ttl, DSCP: h.dscp, Role: w.role(h, beyond)}
		if h.from.IsValid() {
			one.Address = h.from.String()
		}
		method, series, limit := w.chosen(h, beyond, now)
		one.Method = method
		if limit > 0 {
			one.LimitPerS = new(facts.Round(limit))
		}
		if h == beyond {
			seconds = series
		}
		if method != w.method {
			one.OwnSent, one.OwnAnswered = h.own(now)
		}
		if method == "" { // only the sweep's answers
			series = h.sweep()
		}
		tally(&one, series, w.settings.JitterBuffer)
		p.Hops = append(p.Hops, one)
	}
	marks(&p, w.hops[1:last+1], w.settings.DSCP)
	return p, seconds
}

func (w *Watch) role(h, beyond *hop) string {
	switch {
	case h.isEnd:
		return facts.HopFarEnd
	case h.ttl == w.gatewayTTL() && w.settings.Gateway != "":
		return facts.HopGateway
	case h == beyond:
		return facts.HopBeyond
	}
	return ""
}

// chosen is the series of a hop that tells most: that of the call's own kind,
// unless the router answers echo requests better. A limiter of either is told.
func (w *Watch) chosen(h, beyond *hop, now time.Duration) (method string, series []ping.Question, limit float64) {
	series, limit = h.series(now), h.limit
	if limit == 0 {
		limit = limiter(h.counted(), now-settled)
	}
	if len(series) > 0 {
		method = w.method
	}
	if h != beyond || h.from.String() != w.echoOf || share(w.echo) == 0 {
		return method, series, limit
	}
	echoLimit := limiter(questionsOf(w.echo), now-settled)
	isWhole := echoLimit == 0 && limit > 0
	isOnly := share(series) == 0
	tellsMore := (limit > 0 || echoLimit == 0) && share(w.echo) > share(series)+muchMore
	if isWhole || isOnly || tellsMore {
		return facts.MethodEcho, w.echo, echoLimit
	}
	return method, series, limit
}

// own counts the questions of the call's own kind and their answers, if there are some and
// the hop did not limit them.
func (h *hop) own(now time.Duration) (sent, answered int) {
	series := h.series(now)
	if h.limit > 0 || limiter(h.counted(), now-settled) > 0 || share(series) == 0 {
		return 0, 0
	}
	for _, q := range series {
		if q.Trip != nil {
			answered++
		}
	}
	return len(series), answered
}

// muchMore is by how much more of the echo requests must be answered than of the
// packets of the call's own kind for them to tell more: those tell of the call.
const muchMore = 0.2

// questionsOf are the questions of a series of echo requests.
func questionsOf(series []ping.Question) []question {
	all := make([]question, len(series))
	for i, q := range series {
		all[i] = question{sent: q.Sent, trip: q.Trip}
	}
	return all
}

// share is how much of a series was answered.
func share(all []ping.Question) float64 {
	n := 0
	for _, q := range all {
		if q.Trip != nil {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(n) / float64(len(all))
}

// sweep are the questions of the sweep.
func (h *hop) sweep() []ping.Question {
	var all []ping.Question
	for _, q := range h.asked {
		if q.sent != notSent {
			all = append(all, ping.Question{Sent: q.sent, Trip: q.trip})
		}
	}
	return all
}

// tally sets the figures of a hop.
func tally(one *facts.Hop, series []ping.Question, jitterBuffer time.Duration) {
	var trips []time.Duration
	for _, q := range series {
		if q.Trip != nil {
			trips = append(trips, *q.Trip)
		}
	}
	one.Sent, one.Answered = len(series), len(trips)
	if len(trips) == 0 {
		return
	}
	slices.Sort(trips)
	var sum time.Duration
	for _, t := range trips {
		sum += t
		if t-trips[0] > jitterBuffer {
			one.Late++
		}
	}
	mean, p95 := sum/time.Duration(len(trips)), trips[(95*len(trips)+99)/100-1] // nearest rank
	one.MinMS, one.AvgMS, one.P95MS = facts.Milliseconds(&trips[0]), facts.Milliseconds(&mean), facts.Milliseconds(&p95)
}

// asked of ECN: "capable" (RFC 3168 5), which no router needs to change.
const ect0 = 2

// marks says up to which hop the mark was kept, and from which one it was lost.
func marks(p *facts.Path, hops []*hop, dscp int) {
	for _, h := range hops {
		if h.dscp == nil {
			continue
		}
		ttl := h.ttl
		switch {
		case *h.dscp == dscp && dscp != 0:
			p.MarkKeptTo = &ttl
		case *h.dscp != dscp && p.MarkLostAt == nil:
			p.MarkLostAt = &ttl
		}
		if h.ecn != nil && *h.ecn == 0 && p.ECNLostAt == nil {
			p.ECNLostAt = &ttl
		}
	}
	switch {
	case dscp == 0:
		p.MarkReason = "the call had no mark"
	case p.MarkKeptTo == nil && p.MarkLostAt == nil:
		p.MarkReason = "no answer told which mark the question had arrived with"
	case p.MarkLostAt == nil:
		p.MarkReason = "no hop up to TTL " + strconv.Itoa(*p.MarkKeptTo) + " was reached without the mark"
	case p.MarkKeptTo == nil:
		p.MarkReason = "the mark was lost already at the first hop that told"
	case p.ECNLostAt == nil:
		p.MarkReason = "no hop that told was reached without ECN"
	}
}
