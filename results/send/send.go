package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"netready/probe/contact"
	"netready/probe/invite"
	"netready/results"
)

// Bounds of sending: the user waits for it.
const (
	tries     = 4
	firstWait = time.Second // then twice as long each time
	longest   = 64 << 10    // bytes of an answer
)

// How long sending may take: its steps, and the bytes over the slowest line that is measured.
const (
	oneWait     = 10 * time.Second // for one result; on a slow path more, see contact.Conn.Within
	allWait     = time.Minute      // for all of them and their tries
	slowestLine = 250_000 / 8      // bytes a second
	mostWait    = 10 * time.Minute // however many bytes there are
)

// bounded is a time for so many bytes in addition to their steps.
func bounded(steps time.Duration, bytes int64) time.Duration {
	seconds := min(max(bytes, 0)/slowestLine, int64(mostWait/time.Second))
	return min(steps+time.Duration(seconds)*time.Second, mostWait)
}

// A State is what became of a result.
type State string

// States of a result.
const (
	Sent    State = "sent"    // the responder has it
	Refused State = "refused" // for good: it was removed from the outbox
	Waiting State = "waiting" // it stays in the outbox
)

// An Outcome is what became of one result.
type Outcome struct {
	RunID  string
	State  State
	Code   string // why it was not sent, as package results or wire names it; "" for what has no code
	Reason string // the same in words
}

// Send sends what waits for the responder of an invite, the latest run first. It tries
// again for a short while where that may help. The end of ctx ends it at once, and what was
// not accepted by then stays; nothing more of it goes over the line.
func (b Outbox) Send(ctx context.Context, to invite.Invite, base *http.Transport) []Outcome {
	return b.send(ctx, to, base, tries)
}

// Once is Send with one try, for a moment in which nobody wants to wait.
func (b Outbox) Once(ctx context.Context, to invite.Invite, base *http.Transport) []Outcome {
	return b.send(ctx, to, base, 1)
}

func (b Outbox) send(ctx context.Context, to invite.Invite, base *http.Transport, tries int) []Outcome {
	b.sweep()
	var left []os.FileInfo
	var size int64
	files, _ := b.files()
	for _, f := range files {
		if p, err := b.open(f, false); err == nil && p.To.isReachedBy(to) {
			left, size = append(left, f), size+f.Size()
		}
	}
	most := bounded(allWait, size)
	ctx, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("it took longer than %v", most))
	defer cancel()
	d := &delivery{box: b, to: to, base: base}
	var done []Outcome
	var why error
	for try := range tries {
		if len(left) == 0 || ctx.Err() != nil {
			break
		}
		var some []Outcome
		some, left, why = d.round(ctx, left)
		done = append(done, some...)
		if len(left) > 0 && (!helps(why) || try == tries-1 || !pause(ctx, max(firstWait<<try, after(why)))) {
			break
		}
	}
	if ctx.Err() != nil && len(left) > 0 {
		if why = context.Cause(ctx); errors.Is(why, context.Canceled) {
			why = errors.New("it was stopped")
		}
	}
	for _, f := range left {
		done = append(done, outcome(f, Waiting, why))
	}
	return done
}

// pause waits, and says whether it was for its full time.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// delivery is the way to one responder.
type delivery struct {
	box  Outbox
	to   invite.Invite
	base *http.Transport
}

// round sends one after the other until one cannot be sent now. What is left is told with
// the reason.
func (d *delivery) round(ctx context.Context, files []os.FileInfo) (done []Outcome, left []os.FileInfo, why error) {
	conn, err := contact.Open(ctx, d.to, d.base)
	if err != nil {
		return nil, files, err
	}
	defer func() {
		if ctx.Err() != nil {
			conn.Abort() // a run may begin now
		}
		_ = conn.Close()
	}()
	for i, f := range files {
		err := d.one(ctx, conn, f)
		refused, answered := errors.AsType[*contact.Refused](err)
		switch {
		case err == nil:
			done = append(done, outcome(f, Sent, nil))
		case answered && results.IsFinal(refused.Code):
			done = append(done, outcome(f, Refused, err))
			_ = os.Remove(d.file(f))
		case answered && !helps(err) && !results.MeetsAll(refused.Code), errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission): // of this one
			done = append(done, outcome(f, Waiting, err))
		default:
			return done, files[i:], err
		}
	}
	return done, nil, nil
}

func (d *delivery) file(f os.FileInfo) string { return filepath.Join(d.box.Dir, f.Name()) }

// one sends one result and removes it once the responder says that it has it.
func (d *delivery) one(ctx context.Context, conn *contact.Conn, f os.FileInfo) error {
	p, err := d.box.open(f, true)
	if err != nil {
		return fmt.Errorf("reading %s: %w", d.file(f), err)
	}
	wait := conn.Within(bounded(oneWait, int64(len(p.result)))).Round(time.Second)
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("no answer within %v", wait))
	defer cancel()
	path := results.PathResults + "?" + url.Values{results.ParameterInvite: {p.To.Invite}}.Encode()
	resp, err := conn.Do(ctx, http.MethodPost, path, bytes.NewReader(p.result))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var accepted results.Accepted
	answer, err := io.ReadAll(io.LimitReader(resp.Body, longest))
	if err != nil {
		return fmt.Errorf("reading the responder's answer: %w", err)
	}
	if err := json.Unmarshal(answer, &accepted); err != nil || accepted.Key == "" {
		return errors.New("the responder did not say that it has the result: bring it to this release")
	}
	if err := os.Remove(d.file(f)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the responder has it, but it could not be removed: %w", err)
	}
	return nil
}

// helps says whether trying again soon may help.
func helps(err error) bool {
	if refused, ok := errors.AsType[*contact.Refused](err); ok {
		switch refused.Code {
		case results.Busy, results.StoreFailed, results.Incomplete, "draining":
			return true
		}
		return false
	}
	return !errors.Is(err, contact.ErrToken) && !errors.Is(err, contact.ErrPin)
}

// after is when the responder said to try again, within what a user waits.
func after(err error) time.Duration {
	if refused, ok := errors.AsType[*contact.Refused](err); ok {
		return min(refused.After, 8*time.Second)
	}
	return 0
}

func outcome(f os.FileInfo, state State, why error) Outcome {
	o := Outcome{RunID: f.Name()[:len(f.Name())-len(suffix)], State: state}
	if why != nil {
		o.Reason = why.Error()
	}
	if refused, ok := errors.AsType[*contact.Refused](why); ok {
		o.Code = refused.Code
	}
	if token, ok := errors.AsType[*contact.TokenError](why); ok {
		o.Code = token.Code
	}
	return o
}
