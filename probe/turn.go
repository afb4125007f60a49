package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"netready/probe/call"
	"netready/probe/invite"
)

// defaultMaxWait is how long a run waits for its turn at a responder that is full.
// Sixty workstations of one office, ten of them at once, need half of that.
const defaultMaxWait = 15 * time.Minute

// candidate is a responder that may still give a session.
type candidate struct {
	to     invite.Invite
	ticket string // keeps the place in its queue
	// promised: it said when to ask again. silent: how often in a row it could not be
	// reached since then.
	promised bool
	silent   int
}

// errFull ends the waiting: MaxWait has passed.
var errFull = errors.New("the responder took no new call")

// openAny opens a session with the first responder that gives one, and waits for a
// turn where all that can be reached are busy. The errors are the last one of each
// responder, with errFull in front if the wait was too long.
func (r *run) openAny(ctx context.Context, all []candidate) (*call.Session, []error) {
	began := time.Now()
	defer r.track.waiting("")
	for {
		session, busy, reasons := r.openOne(ctx, all)
		if session != nil || len(busy) == 0 || ctx.Err() != nil {
			return session, reasons
		}
		soonest := slices.MinFunc(busy, func(a, b later) int { return cmp.Compare(a.after, b.after) })
		wait := withOffset(soonest.after)
		waited := time.Since(began)
		if waited+wait > r.plan.maxWait() {
			return nil, append([]error{stayedBusy(soonest, waited)}, reasons...)
		}
		r.track.waiting(fmt.Sprintf("%s (for %s so far, %s at most)", waitsFor(soonest),
			waited.Round(time.Second), r.plan.maxWait().Round(time.Second)))
		all = all[:0]
		for _, f := range busy {
			all = append(all, f.candidate)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// later is a responder that said when to ask again.
type later struct {
	candidate
	after    time.Duration
	ahead    int  // runs before this one in its queue
	draining bool // it was about to end
}

// isRestarted says that nobody gets a turn before the responder has ended and begun again.
func (f later) isRestarted() bool { return f.draining || f.silent > 0 }

// stayedBusy is the error of a run that has waited long enough.
func stayedBusy(f later, waited time.Duration) error {
	waited = waited.Round(time.Second)
	if f.isRestarted() {
		return fmt.Errorf("%w in the %s that this run waited: it is about to end, or is being restarted. Run again in some minutes, "+
			"or ask whoever runs the responder when it takes calls again", errFull, waited)
	}
	return fmt.Errorf("%w in the %s that this run waited for its turn: it stayed busy. Run again at a quieter time, wait longer with --max-wait, "+
		"or ask whoever runs the responder to let more calls in (--max-per-address, --max-packet-rate)", errFull, waited)
}

// waitsFor says what a run waits for.
func waitsFor(f later) string {
	switch {
	case f.isRestarted():
		return "The responder is being restarted: waiting for a turn"
	case f.ahead > 0:
		return fmt.Sprintf("The responder is busy: waiting for a turn, %d before this one", f.ahead)
	}
	return "The responder is busy: waiting for a turn"
}

const (
	// headStart is how long one responder has before the next one is asked too: a dead
	// one costs no more time, and one that answers is usually asked alone.
	headStart = time.Second
	// mostSilent is how often a responder that said when to ask again may then be
	// unreachable: it is being restarted, or a connection was lost.
	mostSilent = 5
	// silentAfter is how long to wait before such a responder is asked again.
	silentAfter = 5 * time.Second
)

// openOne asks each responder once, in their order: the next one as soon as one has
// refused, or after its head start. The first session is used; sessions that others
// grant in that time are closed.
func (r *run) openOne(ctx context.Context, all []candidate) (*call.Session, []later, []error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tries := make([]try, len(all))
	var wg sync.WaitGroup
	ended := make(chan int, len(all)) // indexes of tries
	begun, open, won := 0, 0, -1
	begin := func() {
		i := begun
		begun, open = begun+1, open+1
		wg.Go(func() {
			tries[i].session, tries[i].err = r.open(ctx, all[i])
			ended <- i
		})
	}
	begin()
	next := time.NewTimer(headStart)
	defer next.Stop()
	for open > 0 && won < 0 {
		more := false
		select {
		case i := <-ended:
			open--
			if final(tries[i]) {
				won = i
			}
			more = true
		case <-next.C:
			more = true
		}
		if more && won < 0 && begun < len(all) {
			begin()
			next.Reset(headStart)
		}
	}
	cancel()
	wg.Wait() // those that are not needed end at once
	return sorted(all[:begun], tries, won)
}

// try is the outcome of asking one responder.
type try struct {
	session *call.Session
	err     error
}

// final says whether no other responder needs to be asked: there is a session, or the
// user has to correct the invite first.
func final(t try) bool {
	return t.err == nil || errors.Is(t.err, call.ErrToken) || errors.Is(t.err, invite.Err)
}

// sorted closes the sessions that are not needed, and returns which responders were full.
func sorted(all []candidate, tries []try, won int) (*call.Session, []later, []error) {
	var busy []later
	var reasons []error
	for i, c := range all {
		if i == won {
			continue
		}
		if tries[i].session != nil {
			_ = tries[i].session.Close() // the responder ends it anyway
		} else if tries[i].err != nil {
			reasons = append(reasons, tries[i].err)
		}
		if f, ok := shouldRetry(c, tries[i].err); ok {
			busy = append(busy, f)
		}
	}
	if won >= 0 && tries[won].err != nil {
		return nil, nil, []error{tries[won].err}
	}
	if won >= 0 {
		return tries[won].session, nil, nil
	}
	return nil, busy, reasons
}

// shouldRetry says whether to ask a responder that gave no session once more.
func shouldRetry(c candidate, err error) (later, bool) {
	if b, ok := errors.AsType[*call.Busy](err); ok {
		return later{candidate{to: c.to, ticket: b.Ticket, promised: true}, b.After, b.Ahead, b.Draining}, true
	}
	if c.promised && c.silent < mostSilent && errors.Is(err, call.ErrUnreachable) {
		c.silent++
		return later{candidate: c, after: silentAfter}, true
	}
	return later{}, false
}

func (r *run) open(ctx context.Context, c candidate) (*call.Session, error) {
	return call.Open(ctx, c.to, call.Settings{
		Codec: r.plan.Codec, Duration: r.plan.Duration, Calls: r.plan.Calls, DSCP: r.plan.DSCP,
		AllowMedia: r.plan.AllowMedia, Ticket: c.ticket,
	})
}

// withOffset adds a random part, so that runs that wait do not all ask again, and begin
// to send, at the same moment.
func withOffset(after time.Duration) time.Duration {
	return after + rand.N(after/2+time.Second)
}

// drawn is the order in which responders are asked: that of the list, or random by
// their weights. Those with weight 0 come after all others.
func drawn(all []invite.Invite, weights []int, random func() float64) []invite.Invite {
	if len(weights) != len(all) {
		return all
	}
	type drawn struct {
		at  float64
		one invite.Invite
	}
	order := make([]drawn, len(all))
	for i, one := range all {
		// Exponential times of arrival: the first is i with probability weight/sum.
		order[i] = drawn{math.Inf(1), one}
		if weights[i] > 0 {
			order[i].at = -math.Log(1-random()) / float64(weights[i])
		}
	}
	slices.SortStableFunc(order, func(a, b drawn) int { return cmp.Compare(a.at, b.at) })
	out := make([]invite.Invite, len(all))
	for i := range order {
		out[i] = order[i].one
	}
	return out
}

func (p Plan) maxWait() time.Duration {
	switch {
	case p.MaxWait < 0:
		return 0
	case p.MaxWait == 0:
		return defaultMaxWait
	}
	return p.MaxWait
}
