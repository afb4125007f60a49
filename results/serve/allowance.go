package serve

import (
	"sync"
	"time"
)

// What one invite may have stored in a day (UTC), so that one in the wrong hands does not
// fill the disk: twice what ten thousand workstations send that test themselves twice a day,
// at some 100 KB a result. It is counted in memory, by each responder for itself, and
// begins anew with it.
const (
	dayResults = 40_000
	dayBytes   = 8 << 30
)

// allowance counts what each token has had stored today.
type allowance struct {
	mu  sync.Mutex // guards the rest
	day time.Time
	of  map[string]stored // by the token's ID; "" is the responder's own
}

type stored struct{ results, bytes int }

// take counts a result before it is stored, or says that the token has had its share of
// the day. giveBack is for one that was not stored, or was stored before.
func (a *allowance) take(tokenID string, size int, now time.Time) (giveBack func(), ok bool) {
	today := now.UTC().Truncate(24 * time.Hour)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.day.Equal(today) || a.of == nil {
		a.day, a.of = today, map[string]stored{}
	}
	had := a.of[tokenID]
	if had.results >= dayResults || had.bytes+size > dayBytes {
		return nil, false
	}
	a.of[tokenID] = stored{had.results + 1, had.bytes + size}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.day.Equal(today) {
			had := a.of[tokenID]
			a.of[tokenID] = stored{had.results - 1, had.bytes - size}
		}
	}, true
}

// untilTomorrow is when the next day's share begins.
func untilTomorrow(now time.Time) time.Duration {
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Sub(now)
}
