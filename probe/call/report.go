package call

import (
	"fmt"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// A report is what the responder has told of one call so far.
type report struct {
	up         []stream.Arrival
	departures int           // packets of the down stream that left
	departed   time.Duration // when the last of them did, on the responder's clock
	foreign    int
	dropped    uint32
	checks     int // of ours, that arrived there
	asked      int // checks of its own
	noDSCP     string
	downSet    *int
	ended      string
	at         time.Duration // when the last line came
	any        bool
}

// take adds one line of the responder's.
func (r *report) take(e wire.Event, at time.Duration) error {
	up, err := wire.UnpackArrivals(e.Up)
	if err != nil {
		return fmt.Errorf("reading the up trace of call %d: %w", e.Call, err)
	}
	down, err := wire.UnpackDepartures(e.Down)
	if err != nil {
		return fmt.Errorf("reading the down trace of call %d: %w", e.Call, err)
	}
	r.up = append(r.up, up...)
	for _, d := range down {
		if int(d.Seq) >= r.departures {
			r.departures, r.departed = int(d.Seq)+1, d.Sent
		}
	}
	r.foreign, r.checks, r.asked = max(r.foreign, e.Foreign), max(r.checks, e.Checks), max(r.asked, e.Asked)
	r.dropped = max(r.dropped, e.Dropped)
	if e.NoDSCP != "" {
		r.noDSCP = e.NoDSCP
	}
	if e.DownSet != nil {
		r.downSet = e.DownSet
	}
	if e.Ended != "" {
		r.ended = e.Ended
	}
	r.at, r.any = at, true
	return nil
}

// result is the call as far as it is known. settle is how long a packet may be
// under way.
func (l *leg) result(settle time.Duration) Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(stamp.Now())
	c := Call{
		Up: l.upward(settle), Down: l.downward(),
		RoundTrips: l.trips, Checks: len(l.trips) + l.lost, ChecksLost: l.lost,
		Lateness: l.lateness, Local: l.conn.LocalAddr(), Mapped: l.mapped, PathChanges: l.changes,
		Started: l.start - l.begun, Words: l.words,
	}
	var last error
	if c.Refused, last = l.conn.Refused(); last != nil {
		c.Words = last.Error()
	}
	return c
}

// upward is the way up: what this machine sent and the responder received.
func (l *leg) upward(settle time.Duration) Direction {
	d := Direction{Foreign: l.far.foreign, Dropped: l.far.dropped, Mark: l.mark}
	d.Mark.Unheard = l.far.noDSCP
	d.PacketTime = l.request.Ptime
	switch {
	case len(l.sentAt) == 0:
		d.Reason = "the call ended before its first packet was sent"
		return d
	case !l.far.any:
		d.Reason = "the control connection ended before the responder told what arrived"
		return d
	}
	arrivals := upTo(l.far.up, len(l.sentAt))
	d.Sent = fateKnown(l.sentAt, arrivals, l.far.at, settle)
	if d.Sent == 0 {
		d.Reason = "the call ended before the fate of its first packet was known"
		return d
	}
	if len(l.sentAt) == l.packets {
		arrivals = inTime(arrivals, stream.Due(l.start, l.packets-1, l.request.Ptime))
	}
	d.Arrivals = arrivals
	return d
}

// downward is the way down: what the responder sent and arrived here.
func (l *leg) downward() Direction {
	d := Direction{Foreign: l.foreign, Dropped: l.dropped}
	d.Mark = Mark{Asked: l.request.DSCP, Set: l.far.downSet, Unheard: l.conn.NoDSCP()}
	d.PacketTime = l.request.Ptime
	d.Sent = max(l.far.departures, highest(l.down))
	d.Arrivals = l.down
	switch d.Sent {
	case 0:
		d.Reason = l.noDown()
	case l.far.departures:
		d.Arrivals = inTime(l.down, l.far.departed)
	}
	return d
}

// noDown says why the responder sent nothing down.
func (l *leg) noDown() string {
	switch {
	case !l.far.any:
		return "the control connection ended before the responder told what it sent"
	case l.far.checks == 0:
		return "nothing arrived to answer to: no UDP packet from this machine reached the responder"
	case !l.isProved():
		return "the responder sent no stream: its UDP answers did not reach this machine, so it could not know that this machine wants one"
	}
	return "the responder sent no stream: the answers to its own checks did not reach it"
}
