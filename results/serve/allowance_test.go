package serve

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"netready/results"
)

// One invite has its share of a day and no more, whatever became of what was not stored;
// another one, and the next day, have their own.
func TestOneInviteDoesNotFillTheDisk(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for name, size := range map[string]int{"small": 1, "large": results.Largest} {
		var a allowance
		most := min(dayResults, dayBytes/size)
		for range most {
			if _, ok := a.take("acme", size, now); !ok {
				t.Fatalf("%s ones: refused before its share", name)
			}
			if giveBack, ok := a.take("rival", size, now); !ok {
				t.Fatalf("%s ones: what was given back counts", name)
			} else {
				giveBack()
			}
		}
		if _, ok := a.take("acme", size, now); ok {
			t.Errorf("%s ones: more than its share", name)
		}
		if _, ok := a.take("rival", size, now); !ok {
			t.Errorf("%s ones: nothing is left for another invite", name)
		}
		if _, ok := a.take("acme", size, now.Add(untilTomorrow(now))); !ok {
			t.Errorf("%s ones: the next day is refused", name)
		}
	}
}

// A request whose time ends while others are read has an answer.
func TestTheEndOfTheTimeIsAnswered(t *testing.T) {
	h := &handler{Config: Config{Log: slog.New(slog.DiscardHandler)}, reading: make(chan struct{})} // nobody's turn comes
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	h.take(w, httptest.NewRequestWithContext(ctx, http.MethodPost, results.PathResults, strings.NewReader("{}")))
	var p results.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusTooManyRequests || p.Code != results.Busy {
		t.Errorf("%d %s, %v", w.Code, w.Body, err)
	}
}
