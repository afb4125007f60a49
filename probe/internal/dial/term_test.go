package dial

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A term ends by itself, later where it was granted more, and never after the most.
func TestTerm(t *testing.T) {
	t.Parallel()
	why := errors.New("nothing came")
	for name, c := range map[string]struct{ at, grant, lasts time.Duration }{
		"no grant":        {0, 0, 5 * time.Second},
		"a short one":     {time.Second, time.Second, 5 * time.Second},
		"a long one":      {3 * time.Second, 4 * time.Second, 7 * time.Second},
		"beyond the most": {4 * time.Second, time.Hour, 20 * time.Second},
		"too late":        {6 * time.Second, time.Minute, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			term, done := NewTerm(t.Context(), 5*time.Second, 20*time.Second, why)
			defer done()
			began := time.Now()
			time.AfterFunc(c.at, func() { term.Grant(c.grant) })
			inner, cancel := context.WithCancel(term)
			defer cancel()
			<-inner.Done()
			if took := time.Since(began); took != c.lasts {
				t.Errorf("%s: ended after %v, want %v", name, took, c.lasts)
			}
			if !errors.Is(term.Err(), context.DeadlineExceeded) || !errors.Is(inner.Err(), context.DeadlineExceeded) || !errors.Is(context.Cause(inner), why) {
				t.Errorf("%s: %v, %v, %v", name, term.Err(), inner.Err(), context.Cause(inner))
			}
		})
	}
	stopped, stop := context.WithCancel(t.Context())
	term, done := NewTerm(stopped, time.Hour, time.Hour, nil)
	defer done()
	stop()
	<-term.Done()
	if !errors.Is(term.Err(), context.Canceled) {
		t.Errorf("stopped: %v", term.Err())
	}
}
