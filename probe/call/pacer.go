package call

import (
	"context"
	"slices"
	"sync"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/stream"
)

// restAfter is how long the pacer waits after it has sent: the packets of many calls
// that become due in that time leave together, which costs less.
const restAfter = 250 * time.Microsecond

// A pacer sends the packets up of all calls, each when it is due. One goroutine
// costs a fraction of what a goroutine for each call costs.
type pacer struct {
	sleep stamp.Sleeper // nil: the alarm
	alarm *stamp.Alarm
	added chan struct{} // a leg was added

	mu   sync.Mutex // guards the rest
	legs []*paced
}

// paced is a leg whose stream is being sent.
type paced struct {
	*leg
	next int           // packet
	due  time.Duration // of it
	done chan struct{} // closed after the last
}

func newPacer(sleep stamp.Sleeper) *pacer {
	p := &pacer{sleep: sleep, added: make(chan struct{}, 1)}
	if sleep == nil {
		var err error
		if p.alarm, err = stamp.NewAlarm(); err != nil {
			p.sleep = stamp.SleepPlain // a little later, and right
		}
	}
	return p
}

// add begins a leg's stream at a moment; the channel is closed after its last packet.
func (p *pacer) add(l *leg, start time.Duration) <-chan struct{} {
	next := &paced{leg: l, due: start, done: make(chan struct{})}
	p.mu.Lock()
	p.legs = append(p.legs, next)
	p.mu.Unlock()
	select {
	case p.added <- struct{}{}:
	default:
	}
	if p.alarm != nil {
		p.alarm.Ring()
	}
	return next.done
}

// run sends until ctx ends.
func (p *pacer) run(ctx context.Context) {
	if p.alarm != nil {
		defer context.AfterFunc(ctx, p.alarm.Ring)()
		defer p.alarm.Close()
	}
	for ctx.Err() == nil {
		next, any := p.first()
		switch {
		case !any:
			select {
			case <-p.added:
			case <-ctx.Done():
			}
			continue
		case p.sleep != nil:
			p.sleep(next)
		default:
			p.alarm.Wait(next)
		}
		for _, l := range p.waiting() {
			p.send(ctx, l)
		}
	}
}

// first is when the next packet of any call is due, or the end of restAfter if that
// is later.
func (p *pacer) first() (at time.Duration, any bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, l := range p.legs {
		if i == 0 || l.due < at {
			at = l.due
		}
	}
	if len(p.legs) > 1 {
		at = max(at, stamp.Now()+restAfter)
	}
	return at, len(p.legs) > 0
}

// waiting are the legs whose stream is being sent.
func (p *pacer) waiting() []*paced {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clip(p.legs)
}

// send sends what is due of a leg.
func (p *pacer) send(ctx context.Context, l *paced) {
	for ; l.next < l.packets && l.due <= stamp.Now(); l.due = stream.Due(l.start, l.next, l.request.Ptime) {
		if ctx.Err() != nil {
			return
		}
		l.send(int64(l.next), l.due)
		l.next++
	}
	if l.next == l.packets {
		close(l.done)
		p.remove(l)
	}
}

func (p *pacer) remove(l *paced) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.legs = slices.DeleteFunc(slices.Clone(p.legs), func(other *paced) bool { return other == l }) // others may still read the old list
}
