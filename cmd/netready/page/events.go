package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// minInterval is the shortest time between two messages to a page: more would take the
// processor time that the call needs.
const minInterval = 100 * time.Millisecond

// A browser opens six connections to a host at most, over all its tabs. With six streams
// open no other request would be sent, not even Stop. So only the first pages keep their
// stream, and the others ask again each time, as browsers do.
const (
	streams    = 4
	retryAfter = 2 * time.Second
)

// events streams the whole state whenever it has changed. A page that was reloaded or
// opened twice needs nothing else.
//
// ctx is that of the server. Once it has ended, no news is sent, since a page would then
// ask for things that are no longer answered. The end itself is sent.
func (s *Server) events(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	tooMany := s.viewers.add(1) > streams
	defer s.viewers.add(-1)
	changed, stop := s.test.watch()
	defer stop()

	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	alive := time.NewTicker(15 * time.Second) // a write fails where the page is closed
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
		if tooMany {
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

// due waits for the next message: with news after a change, without news when it is time
// to check that the page is still there. more is false once the server ends or the page is
// gone.
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
