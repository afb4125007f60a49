package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"netready/probe/call"
	"netready/probe/invite"
)

// DefaultMaxWait is how long a run waits for its turn at a responder that has
// as many calls as it takes: an office of sixty workstations, of which only ten
// are let in at once, takes half of it.
const DefaultMaxWait = 15 * time.Minute

// candidate is a responder that may yet give a session.
type candidate struct {
	to     invite.Invite
	ticket string // keeps the place in its queue
}

// errFull ends the waiting: MaxWait has passed.
var errFull = errors.New("the responder stayed busy")

// openAny opens a session with the first responder that gives one, and waits
// for a turn where all that can be reached are busy. The error is the last of
// each responder's, or errFull.
func (r *run) openAny(ctx context.Context, all []candidate) (*call.Session, []error) {
	began := time.Now()
	defer r.track.waiting("")
	for {
		session, full, reasons := r.openOne(ctx, all)
		if session != nil || len(full) == 0 || ctx.Err() != nil {
			return session, reasons
		}
		wait := withOffset(full[0].after)
		waited := time.Since(began)
		if waited+wait > r.plan.maxWait() {
			return nil, append([]error{fmt.Errorf("%w for the %s that this run waited for its turn: run again at a quieter time, wait longer with --max-wait, "+
				"or ask whoever runs the responder to let more calls in (--max-per-address, --max-packet-rate)", errFull, waited.Round(time.Second))}, reasons...)
		}
		r.track.waiting(fmt.Sprintf("The responder is busy: waiting for a turn (for %s so far, %s at most)",
			waited.Round(time.Second), r.plan.maxWait().Round(time.Second)))
		all = all[:0]
		for _, f := range full {
			all = append(all, f.candidate)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// full is a responder that said when to come again.
type full struct {
	candidate
	after time.Duration
}

// openOne asks each responder once, in their order.
func (r *run) openOne(ctx context.Context, all []candidate) (*call.Session, []full, []error) {
	var busy []full
	var reasons []error
	for _, c := range all {
		session, err := call.Open(ctx, c.to, call.Settings{
			Codec: r.plan.Codec, Duration: r.plan.Duration, Calls: r.plan.Calls, DSCP: r.plan.DSCP,
			AllowMedia: r.plan.AllowMedia, Ticket: c.ticket,
		})
		if err == nil {
			return session, nil, nil
		}
		reasons = append(reasons, err)
		if b, ok := errors.AsType[*call.Busy](err); ok {
			busy = append(busy, full{candidate{c.to, b.Ticket}, b.After})
		}
		if errors.Is(err, call.ErrToken) || errors.Is(err, invite.Err) {
			return nil, nil, []error{err}
		}
	}
	return nil, busy, reasons
}

// withOffset adds a random part, so that those who wait do not all come back,
// and begin to send, in the same moment.
func withOffset(after time.Duration) time.Duration {
	return after + rand.N(after/2+time.Second)
}

func (p Plan) maxWait() time.Duration {
	switch {
	case p.MaxWait < 0:
		return 0
	case p.MaxWait == 0:
		return DefaultMaxWait
	}
	return p.MaxWait
}
