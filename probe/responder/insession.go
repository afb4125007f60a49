package responder

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/responder/listen"
	"netready/probe/responder/share"
)

func (s *Server) end(w http.ResponseWriter, _ *http.Request, session *session) {
	s.drop(session, "stopped")
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) finishCalls(w http.ResponseWriter, _ *http.Request, session *session) {
	session.finish()
	w.WriteHeader(http.StatusNoContent)
}

// events writes a line for each call once a second, until the calls are over.
func (s *Server) events(w http.ResponseWriter, r *http.Request, session *session) {
	session.mu.Lock()
	taken := session.listening
	session.listening = true
	session.mu.Unlock()
	if taken {
		refuse(w, http.StatusConflict, wire.CodeSession, "the trace of this session is being read already")
		return
	}
	defer session.stopReading()
	if session.isUnread() {
		refuse(w, http.StatusConflict, wire.CodeSession, "the trace of this session was not read in time")
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := eventLines{w: w, control: http.NewResponseController(w)}
	// Encoding needs a large stack for a moment in each second.
	news := func() (ok bool) {
		onOwnStack(func() { ok = out.news(session.calls) })
		return ok
	}
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	closed := ""
	for news() && closed == "" {
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-session.finished:
			closed = "finished"
		case <-session.ctx.Done():
			closed = session.whyClosed()
			if closed == "" {
				closed = "shutdown"
			}
		}
	}
	out.news(session.calls, wire.Event{Closed: closed}) // since the last lines
}

// onOwnStack runs f on a stack that is given back at once: that of a goroutine which
// then waits would stay as large as it once was.
func onOwnStack(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// clock is answered as soon as it is read.
func (s *Server) clock(w http.ResponseWriter, r *http.Request, _ *session) {
	if arrived, ok := r.Context().Value(arrivedKey{}).(time.Duration); ok {
		w.Header().Set(wire.TurnaroundHeader, strconv.FormatInt(int64(stamp.Now()-arrived), 10))
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) openPorts(w http.ResponseWriter, r *http.Request, session *session) {
	var request wire.PortsRequest
	if !decode(w, r, &request) {
		return
	}
	grant, err := s.opener.Open(r.Context(), session.grant.Nonce, session.client, request)
	if errors.Is(err, listen.ErrBusy) {
		s.busy(w, share.Turn{After: retryAfter}, err.Error())
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, wire.CodeRequest, err.Error())
		return
	}
	answer(w, http.StatusOK, grant)
}

// load says whether the responder was too full for a session.
func (s *Server) load(w http.ResponseWriter, _ *http.Request, session *session) {
	load := wire.Load{Dropped: s.drops.Since(session.since)}
	if s.ports != nil {
		turned := s.ports.Turned()
		load.TurnedAway, load.Anyone = turned.Since(session.client, session.since), turned.AnyoneSince(session.since)
	}
	answer(w, http.StatusOK, load)
}
