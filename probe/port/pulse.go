package port

import (
	"context"
	"sync"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/dial"
	"netready/probe/internal/stamp"
)

// A pulse notices when this machine does not run, because it is suspended or overloaded.
// Silence during such a pause is not a verdict: the answer may have arrived without being
// read.
type pulse struct {
	mu         sync.Mutex // guards the rest
	last       time.Time
	stillUntil time.Time // the end of the last standstill
}

// The beat of a pulse, and the delay of one that counts as a standstill.
const (
	beat       = 50 * time.Millisecond
	shortStill = 250 * time.Millisecond
)

// run beats until ctx ends.
func (p *pulse) run(ctx context.Context) {
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			p.beat(time.Now())
		}
	}
}

func (p *pulse) beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.last.IsZero() && now.Sub(p.last) >= shortStill {
		p.stillUntil = now
	}
	p.last = now
}

// stoodStill says whether the machine stood still since a moment. It beats first, since
// the standstill may have lasted until now.
func (p *pulse) stoodStill(since, now time.Time) bool {
	p.beat(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stillUntil.After(since)
}

// standstillRetries is how often a check is repeated for a standstill.
const standstillRetries = 3

// steady measures a target, and measures it again if there was silence during a
// standstill of this machine.
func (t target) steady(ctx context.Context) outcome {
	var busy *outcome
	for range standstillRetries {
		began := time.Now()
		limited, cancel := dial.NewTerm(ctx, t.limit(), max(t.limit(), slowLimits*t.opts.Limit), nil)
		t.term = limited
		o := t.measure(limited)
		silent := o.status == facts.StatusFail && (o.timedOut() || limited.Err() != nil)
		cancel()
		if ctx.Err() == nil && silent && t.opts.pulse.stoodStill(began, time.Now()) {
			continue
		}
		said := t.responderBusy(ctx, o)
		if said == nil {
			return o
		}
		if busy != nil {
			return *said
		}
		busy = said // and once more, since the responder may have room then
		stamp.Pause(ctx, afterBusy)
	}
	if busy != nil {
		return *busy
	}
	return notMeasured(facts.ReasonPCBusy, "this machine did not run while the answer was due, several times: close what keeps it busy and run again")
}

const (
	// relayLimits is how many times the limit of a check a relay may take that a TURN server
	// is to pass a datagram through: over TLS those are 14 round trips, 8 s over a satellite.
	relayLimits = 3
	// slowLimits is the same for any check of a far end that accepts slowly: it has the
	// time of afterConnecting round trips.
	slowLimits = 3
	// afterConnecting are a handshake by TLS 1.2, a question and its answer, and two of
	// them sent again after a loss.
	afterConnecting = 8
)

// accepted grants the time that the rest takes, where connecting took so long.
func (t target) accepted(took time.Duration) {
	if t.term != nil {
		t.term.Grant(afterConnecting * took)
	}
}

// limit is the time for the whole check.
func (t target) limit() time.Duration {
	if t.check.Username.Reveal() != "" && facts.Spoken(t.check.Protocol) == "turn" {
		return relayLimits * t.opts.Limit
	}
	return t.opts.Limit
}

// afterBusy is the wait before a full responder is tried once more.
const afterBusy = 700 * time.Millisecond

// timedOut says whether a verdict follows from a missing answer.
func (o outcome) timedOut() bool {
	switch o.reason {
	case facts.ReasonNoReply, facts.ReasonTLS, facts.ReasonIntercepted, facts.ReasonProtocol, facts.ReasonPartly, facts.ReasonDNS:
		return true
	}
	return false
}
