package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// minInterval is the shortest time between two messages to a page: faster would only
// burn the processor that the call needs.
const minInterval = 100 * time.Millisecond

// A browser opens six connections to a host at most, over all its tabs. With
// six streams open, nothing else would get through, not even Stop; so only the
// first pages keep theirs, and the others ask again each time, as browsers do.
const (
	streams    = 4
	retryAfter = 2 * time.Second
)

// events streams the state, whole, whenever it has changed. A page that was
// reloaded or opened twice needs nothing else.
//
// ctx is the server's. Once it has ended, nothing new is told: what a page would
// then ask for is not answered any more. It hears of the end, when that is there.
func (s *Server) events(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	crowded := s.viewers.add(1) > streams
	defer s.viewers.add(-1)
	changed, leave := s.test.watch()
	defer leave()

	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	alive := time.NewTicker(15 * time.Second) // finds out about a page that is gone
	defer alive.Stop()
	send := func(line string) error {
		if err := out.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
			return err
		}
		if _, err := fmt.Fprint(w, line, "\n\n"); err != nil {
			return err
		}
		return out.Flush()
	}
	for news, more := true, true; more; news, more = due(ctx, r.Context(), changed, alive.C) {
		line := ": alive"
		if news {
			text, err := json.Marshal(s.test.snapshot())
			if err != nil {
				return
			}
			line = "data: " + string(text)
		}
		if crowded {
			_ = send(fmt.Sprintf("retry: %d\n%s", retryAfter.Milliseconds(), line))
			return
		}
		if send(line) != nil {
			return
		}
	}
	select {
	case <-s.ending:
		_ = send("event: end\ndata: {}")
	case <-r.Context().Done():
	}
}

// due waits for the next message: with news after a change, without when it is
// time to see whether the page is still there. There are no more once the server
// ends or the page is gone.
func due(server, page context.Context, changed <-chan struct{}, alive <-chan time.Time) (news, more bool) {
	pause := time.NewTimer(minInterval)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-server.Done():
		return false, false
	case <-page.Done():
		return false, false
	}
	select {
	case <-changed:
		return true, true
	case <-alive:
		return false, true
	case <-server.Done():
	case <-page.Done():
	}
	return false, false
}
