package responder

import (
	"context"
	"net/http"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

// elsewhereAfter is when to ask again at a responder that is about to end: by then it is
// back, or another one has taken its place.
const elsewhereAfter = 10 * time.Second

// Drain grants no more sessions, tells agents that ask to go elsewhere, and waits until
// all sessions or ctx have ended. It returns how many sessions are left; Close ends
// those.
func (s *Server) Drain(ctx context.Context) (left int) {
	s.draining.Store(true)
	s.log.Info("draining: no new sessions", "sessions", s.count())
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for {
		if left = s.underWay(); left == 0 {
			return 0
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s.underWay()
		}
	}
}

// drainLook is how often Drain looks for sessions.
const drainLook = 100 * time.Millisecond

// underWay is how many sessions somebody still uses.
func (s *Server) underWay() (n int) {
	now := stamp.Now()
	for _, session := range s.all() {
		if session.used(now) {
			n++
		}
	}
	return n
}

// used says whether the session's agent is there: a request is being served, or the
// agent has given a sign lately.
func (s *session) used(now time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy > 0 || now-max(s.seen, s.lastProof(), s.lastSign()) < signFor
}

// goElsewhere answers a request for a session while the responder drains.
func (s *Server) goElsewhere(w http.ResponseWriter) {
	s.later(w, http.StatusServiceUnavailable, wire.Problem{
		Error: "this responder is about to end and takes no new calls", Code: wire.CodeDraining, After: elsewhereAfter,
	})
}
