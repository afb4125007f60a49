package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// calm is the shortest time between two messages to a page: faster would only
// burn the processor that the call needs.
const calm = 100 * time.Millisecond

// events streams the state, whole, whenever it has changed. A page that was
// reloaded or opened twice needs nothing else.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.viewers.add(1)
	defer s.viewers.add(-1)
	changed, leave := s.assay.watch()
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
	next := true
	for {
		line := ": alive"
		if next {
			text, err := json.Marshal(s.assay.snapshot())
			if err != nil {
				return
			}
			line = "data: " + string(text)
		}
		if send(line) != nil {
			return
		}
		pause := time.NewTimer(calm)
		select {
		case <-pause.C:
		case <-r.Context().Done():
			return
		case <-s.ending:
		}
		select {
		case <-changed:
			next = true
		case <-alive.C:
			next = false
		case <-r.Context().Done():
			return
		case <-s.ending:
			_ = send("event: end\ndata: {}")
			return
		}
	}
}
