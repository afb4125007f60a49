package call

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// A report is what the responder has reported of one call so far.
type report struct {
	up         []stream.Arrival
	packets    int // of the call: no number in a report may be higher
	left       []wire.Departure
	departures int           // packets of the down stream that left
	departed   time.Duration // when the last of them did, on the responder's clock
	foreign    int
	dropped    uint32
	slow       int                     // packets down that its system took too late after their stamp
	leeway     map[int64]time.Duration // of packets down that did not leave at their stamp
	checks     int                     // of ours, that arrived there
	asked      int                     // checks that it sent
	noDSCP     string
	downSet    *int
	notSet     string // why the mark is not on the packets down
	broken     error  // a line was impossible: no further one is used
	ended      string
	at         time.Duration // when the last line came
	any        bool
	gotAt      time.Duration // when a line last reported something newly arrived
	got        bool
}

// counted limits a number from the far end to a possible count.
func counted(n int) int { return min(max(n, 0), math.MaxInt32) }

// take adds one line of the responder. After an impossible line no further one is
// used; what came before stays.
func (r *report) take(e wire.Event, at time.Duration) error {
	if r.broken != nil {
		return r.broken
	}
	up, err := wire.UnpackArrivals(e.Up, r.packets, stream.MostCopies(r.packets)-len(r.up))
	if err != nil {
		r.broken = fmt.Errorf("reading the up trace of call %d: %w", e.Call+1, err)
		return r.broken
	}
	down, err := wire.UnpackDepartures(e.Down, r.packets, r.packets-len(r.left))
	if err != nil {
		r.broken = fmt.Errorf("reading the down trace of call %d: %w", e.Call+1, err)
		return r.broken
	}
	leeway, err := wire.UnpackDepartures(e.Leeway, r.packets, r.packets-len(r.leeway))
	if err != nil {
		r.broken = fmt.Errorf("reading how exact the stamps of call %d are: %w", e.Call+1, err)
		return r.broken
	}
	r.up, r.left = append(r.up, up...), append(r.left, down...)
	r.note(leeway)
	if len(up) > 0 || e.Checks > r.checks {
		r.gotAt, r.got = at, true
	}
	for _, d := range down {
		if int(d.Seq) >= r.departures {
			r.departures, r.departed = int(d.Seq)+1, d.Sent
		}
	}
	r.foreign, r.checks, r.asked = max(r.foreign, counted(e.Foreign)), max(r.checks, counted(e.Checks)), max(r.asked, counted(e.Asked))
	r.dropped, r.slow = max(r.dropped, e.Dropped), max(r.slow, counted(e.Slow))
	if e.NoDSCP != "" {
		r.noDSCP = e.NoDSCP
	}
	if e.DownSet != nil && *e.DownSet >= 0 && *e.DownSet <= 63 {
		r.downSet = e.DownSet
	}
	if e.NotSet != "" {
		r.notSet = e.NotSet
	}
	if e.Ended != "" {
		r.ended = e.Ended
	}
	r.at, r.any = at, true
	return nil
}

// note takes how much later than its stamp each of some packets down may have left.
func (r *report) note(leeway []wire.Departure) {
	if r.leeway == nil {
		r.leeway = map[int64]time.Duration{}
	}
	for _, d := range leeway {
		r.leeway[d.Seq] = min(max(0, d.Sent), mostLeeway)
	}
}

// result is what is known of the call. settle is how long a packet may take to
// arrive.
func (l *leg) result(settle time.Duration) Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(stamp.Now())
	l.dropped = l.conn.Drops() - l.drops
	return Call{
		Up: l.upward(settle), Down: l.downward(),
		RoundTrips: l.trips, ChecksLost: l.lost,
		Lateness: l.lateness, Seconds: l.seconds, Local: l.conn.LocalAddr(), Mapped: l.mapped, PathChanges: l.changes,
		Started: l.start - l.begun,
	}
}

// upward is the way up: what this machine sent and the responder received.
func (l *leg) upward(settle time.Duration) Direction {
	d := Direction{Foreign: l.far.foreign, Dropped: l.far.dropped, Slow: slow(l.took), Mark: l.mark}
	d.Mark.Unread = l.far.noDSCP
	d.PacketTime = l.request.Ptime
	sentAt := l.sentAt
	if !l.isProved() {
		sentAt = sentAt[:l.written] // what was held back after the last was never sent
	}
	switch {
	case len(sentAt) == 0:
		d.Reason = facts.CallNeverSent
		return d
	case !l.far.any && l.far.broken != nil:
		d.Reason = l.far.broken.Error()
		return d
	case !l.far.any:
		d.Reason = "the control connection ended before the responder reported what arrived"
		return d
	}
	// Packets that waited there for the proof of their address are reported later.
	arrivals := slices.Clone(l.far.up)
	slices.SortStableFunc(arrivals, func(a, b stream.Arrival) int { return cmp.Compare(a.Received, b.Received) })
	if err := believable(arrivals, sentAt); err != nil {
		d.Reason = err.Error()
		return d
	}
	for i, a := range arrivals {
		arrivals[i].Leeway = leeway(l.took[a.Seq])
	}
	sent := fateKnown(sentAt, arrivals, l.far.at, settle)
	if sent == 0 {
		d.Reason = "the call ended before the fate of its first packet was known"
		return d
	}
	if len(sentAt) == l.packets {
		arrivals = inTime(arrivals, max(stream.Due(l.start, l.packets-1, l.request.Ptime), sentAt[len(sentAt)-1]))
	}
	s := pace(l.lateness[:sent], l.request.Ptime)
	reached := slices.Clone(l.reached)
	for _, trip := range l.trips {
		reached = append(reached, l.begun+trip.At)
	}
	held := reachable(l.held, sentAt[:sent], reached)
	s.late = slices.Sorted(slices.Values(append(s.late, held...)))
	d.fill(sent, arrivals, s)
	d.SentLate -= len(held)
	if len(l.reached) > 0 {
		d.Held = len(held) // otherwise they are those up to the next check after an outage
	}
	if d.Sent == 0 {
		d.Reason = "this computer did not run: it sent no packet in time"
	}
	return d
}

// downward is the way down: what the responder sent and arrived here.
func (l *leg) downward() Direction {
	d := Direction{Foreign: l.foreign, Dropped: l.dropped, Slow: min(l.far.slow, l.packets)}
	d.Mark = Mark{Asked: l.request.DSCP, Set: l.far.downSet, Doubt: l.far.notSet, Unread: l.conn.NoDSCP()}
	d.PacketTime = l.request.Ptime
	sent := max(l.far.departures, highest(l.down))
	arrivals := slices.Clone(l.down)
	for i, a := range arrivals {
		arrivals[i].Leeway = l.far.leeway[a.Seq]
	}
	if len(arrivals) > 0 {
		span := arrivals[len(arrivals)-1].Received - arrivals[0].Received
		if err := lasting(arrivals, span, func(a stream.Arrival) time.Duration { return a.Sent }); err != nil {
			d.Reason = err.Error()
			return d
		}
	}
	if !l.stamped {
		d.ReadLate = stream.NewPauses(l.start, l.request.Ptime, l.lateness).Allow(arrivals)
	}
	switch sent {
	case 0:
		d.Reason, d.Code = l.noDown()
		return d
	case l.far.departures:
		arrivals = inTime(arrivals, l.far.departed)
	}
	d.fill(sent, arrivals, pace(latenessOf(l.far.left, sent, l.request.Ptime), l.request.Ptime))
	if d.Sent == 0 {
		d.Reason = "the responder did not run: it sent no packet in time"
	}
	return d
}

// fill notes what was sent, what arrived of it, and how well the sender kept
// its pace. Nothing is left of a stream of which no packet was sent in time.
func (d *Direction) fill(sent int, arrivals []stream.Arrival, s sending) {
	d.SentLate, d.Bunched = len(s.late), s.bunched
	if sent > len(s.late) {
		d.Sent, d.Arrivals, d.Late = sent, arrivals, s.late
	}
}

// noDown says why the responder sent nothing down, also as a code.
func (l *leg) noDown() (reason, code string) {
	switch {
	case l.far.broken != nil:
		return l.far.broken.Error(), ""
	case !l.far.any:
		return "the control connection ended before the responder reported what it sent", ""
	case l.far.ended == wire.EndedBusy:
		return "the responder was too busy to send its stream: others had taken its room before this call began; run again at a quieter time", facts.CodeBusy
	case l.far.checks == 0:
		return "nothing arrived to answer to: no UDP packet from this machine reached the responder", facts.CodeNoUDPUp
	case !l.isProved():
		return "the responder sent no stream: its UDP answers did not reach this machine, so it could not know that this machine wants one", facts.CodeNoUDPDown
	}
	return "the responder sent no stream: the answers to its own checks did not reach it", ""
}
