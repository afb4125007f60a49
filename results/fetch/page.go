package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"netready/probe/contact"
	"netready/results"
)

const (
	// silence is how long a far end may send nothing. It may wait for its store, and for
	// the calls that it carries.
	silence = time.Minute
	// pageTime bounds one page: 32 MB in it are 2 Mbit/s, a tenth of that compressed.
	pageTime = 3 * time.Minute
	// tries of a page that brings nothing new, with a pause before each that is twice as
	// long as the one before: 30 s in all, which a restart takes.
	tries      = 8
	firstPause = 250 * time.Millisecond
	longest    = time.Minute // that a far end may have us wait
)

var (
	errCut    = errors.New("the answer was cut short")
	errSilent = fmt.Errorf("nothing arrived for %v", silence)
	errSlow   = fmt.Errorf("the answer did not end within %v", pageTime)
)

// page reads the next page of a span, and goes on where one broke off. It moves s.after
// to the last key that was handed over. end says that it was the last page.
func (r *reading) page(ctx context.Context, s *span, each func(results.Line) error) (end bool, err error) {
	for failures := 0; ; {
		before := s.after
		end, err = r.try(ctx, s, each)
		if err == nil && !end && s.after == before {
			return false, fmt.Errorf("%w: it says that there are more results, and sends none", errStrange)
		}
		if s.after != before {
			r.pages++
		}
		if r.pages > mostPages {
			return false, errLong
		}
		pause, ok := r.retry(ctx, err)
		if !ok {
			return end, err
		}
		if s.after > before {
			failures = 0
		}
		if failures++; failures == tries {
			return false, err
		}
		pause = max(pause, cmp.Or(r.source.pause, firstPause)<<(failures-1))
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-time.After(pause + rand.N(pause/4)): // not all at once after a restart
		}
	}
}

// retry says whether to ask once more, and how long the far end wants to wait before that.
func (r *reading) retry(ctx context.Context, err error) (pause time.Duration, ok bool) {
	if err == nil || ctx.Err() != nil {
		return 0, false
	}
	if no, ok := errors.AsType[*contact.Refused](err); ok {
		return min(no.After, longest), no.After > 0 // who says when, means it
	}
	for _, passing := range []error{contact.ErrBroken, errCut, errSilent, errSlow} {
		if errors.Is(err, passing) {
			return 0, true
		}
	}
	return 0, r.line.answered && errors.Is(err, contact.ErrUnreachable)
}

// try reads a page once.
func (r *reading) try(ctx context.Context, s *span, each func(results.Line) error) (end bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pageTime, errSlow)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	quiet := time.AfterFunc(silence, func() { stop(errSilent) })
	defer quiet.Stop()
	defer func() { // what ended the waiting says more than how
		if cause := context.Cause(ctx); err != nil && (errors.Is(cause, errSilent) || errors.Is(cause, errSlow)) {
			err = cause
		}
		if err != nil {
			r.hangUp()
		}
	}()
	answer, err := r.line.ask(ctx, r.source, *s)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	lines, err := newLines(answer, func() { quiet.Reset(silence) })
	if err != nil {
		return false, err
	}
	return r.lines(lines, s, each)
}

// lines reads the lines of a page.
func (r *reading) lines(in *lines, s *span, each func(results.Line) error) (end bool, err error) {
	most := results.PageLines
	if s.keysOnly {
		most = results.PageKeys
	}
	for range most + 1 {
		line, err := in.next()
		switch {
		case errors.Is(err, io.EOF):
			return false, errCut
		case err != nil:
			return false, err
		case line.End:
			return true, nil
		case line.Next != "":
			if line.Next < s.after || len(line.Next) > results.LongestKey {
				return false, fmt.Errorf("%w: its list goes back to a page that was read", errStrange)
			}
			if s.after != line.Next && r.listed == r.before {
				if r.empty++; r.empty > mostEmpty {
					return false, fmt.Errorf("%w: several pages in a row have no results", errStrange)
				}
			}
			s.after, r.before = line.Next, r.listed
			return false, nil
		case line.Key <= s.after || s.to != "" && line.Key > s.to || len(line.Key) > results.LongestKey:
			return false, fmt.Errorf("%w: its list is not in order", errStrange)
		}
		if r.listed++; r.listed > 2*mostResults {
			return false, errLong
		}
		if err := each(line); err != nil {
			return false, err
		}
		s.after = line.Key
	}
	return false, fmt.Errorf("%w: a part of its list has more than %d lines", errStrange, most)
}

// A connection to the responder is made when it is needed, and anew after a failure.
type connection struct {
	open     *contact.Conn
	answered bool // at least once
}

func (c *connection) ask(ctx context.Context, from Source, s span) (*http.Response, error) {
	if c.open == nil {
		var err error
		if c.open, err = contact.Open(ctx, from.Invite, from.Transport); err != nil {
			return nil, err
		}
	}
	values := from.Query.Values()
	for name, value := range map[string]string{results.ParameterAfter: s.after, results.ParameterTo: s.to} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if s.keysOnly {
		values.Set(results.ParameterKeys, "1")
	}
	answer, err := c.open.Get(ctx, results.PathResults+"?"+values.Encode(), http.Header{"Accept-Encoding": {"gzip"}})
	c.answered = c.answered || err == nil
	return answer, err
}

// hangUp ends the connection, if there is one.
func (r *reading) hangUp() {
	if r.line.open != nil {
		_ = r.line.open.Close() // what had to come has come
		r.line.open = nil
	}
}
