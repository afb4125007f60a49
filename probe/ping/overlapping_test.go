package ping

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// answersAfter waits so long for each answer; 0: there is none, which takes the time-out.
func answersAfter(begun time.Time, s Settings, delay func(n int64) time.Duration) func() outcome {
	var n atomic.Int64
	return func() outcome {
		o := outcome{sent: time.Since(begun)}
		d := delay(n.Add(1))
		if d <= 0 || d > s.Timeout {
			time.Sleep(s.Timeout)
			return o
		}
		time.Sleep(d)
		o.trip = &d
		return o
	}
}

// On Windows each question waited for the answer of the one before: a gateway that took
// 400 ms, or lost some, was asked two times a second, or one, and not twenty.
func TestSlowHostIsAskedAsOften(t *testing.T) {
	for name, c := range map[string]struct {
		delay func(int64) time.Duration
		asked int
		lost  int
	}{
		"fast":            {func(int64) time.Duration { return time.Millisecond }, 200, 0},
		"slow":            {func(int64) time.Duration { return 400 * time.Millisecond }, 200, 0},
		"half of it lost": {func(n int64) time.Duration { return time.Duration(n%2) * time.Millisecond }, 200, 100},
		"silent":          {func(int64) time.Duration { return 0 }, 200, 200},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := Settings{Interval: 50 * time.Millisecond, Timeout: time.Second}
				ctx, stop := context.WithTimeout(t.Context(), 10*time.Second-time.Millisecond)
				defer stop()
				got := overlapping(ctx, s, answersAfter(time.Now(), s, c.delay))
				if got.count() != c.asked || got.lost != c.lost || len(got.asked) != c.asked {
					t.Errorf("%d questions, %d lost; want %d and %d", got.count(), got.lost, c.asked, c.lost)
				}
			})
		})
	}
}

// No host makes a series hold more than so many questions, or ask more than Count.
func TestOpenQuestionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open, most atomic.Int64
		s := Settings{Interval: time.Millisecond, Timeout: time.Minute, Count: 100}
		got := overlapping(t.Context(), s, func() outcome {
			most.Store(max(most.Load(), open.Add(1)))
			defer open.Add(-1)
			time.Sleep(s.Timeout)
			return outcome{}
		})
		if most.Load() > mostOpen || got.count() != s.Count || got.lost != s.Count {
			t.Errorf("%d open at once, %+v", most.Load(), got)
		}
	})
}

func TestQuestionsThatCouldNotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := overlapping(t.Context(), Settings{Interval: time.Second, Count: 3}, func() outcome { return outcome{failed: errors.New("no route")} })
		if got.notSent() != 3 || len(got.asked) != 0 {
			t.Errorf("%+v", got)
		}
	})
}
