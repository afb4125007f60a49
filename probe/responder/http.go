package responder

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/responder/share"
	"netready/results"
)

const (
	maxBody      = 64 << 10         // of a request that is one JSON document
	headerWait   = 8 * time.Second  // for the head of a request
	bodyWait     = 8 * time.Second  // for the body of one that is no upload
	maxTransfer  = 15 * time.Second // of a bandwidth test
	maxTransfers = 8                // of one session
	eventsEvery  = time.Second
	writeWait    = 10 * time.Second // for an agent that is slow to read
	// frames and windows of HTTP/2 that are not the bottleneck of a bandwidth test
	window = 4<<20 - 1
	frame  = 1 << 18
)

func (s *Server) newHTTP() *http.Server {
	var page http.Handler
	if s.config.Page != nil {
		page = s.config.Page(s)
	} else {
		page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "This is a responder of netready. Give the whole invite to: netready run --responder\n")
		})
	}
	mux := http.NewServeMux()
	below := func(method, path string, handle func(http.ResponseWriter, *http.Request, *session)) {
		mux.HandleFunc(method+" "+wire.PathSessions+"/{id}"+path, s.inSession(handle))
	}
	mux.HandleFunc("POST "+wire.PathSessions, s.openSession)
	below("DELETE", "", s.end)
	below("GET", wire.PathEvents, s.events)
	below("POST", wire.PathFinish, s.finishCalls)
	below("GET", wire.PathClock, s.clock)
	below("POST", wire.PathPorts, s.openPorts)
	below("GET", wire.PathLoad, s.load)
	below("POST", wire.PathSign, s.sign)
	below("GET", wire.PathDownload, s.download)
	below("POST", wire.PathUpload, s.upload)
	mux.Handle("GET /i", page)
	mux.HandleFunc("GET /i/files/{name}", s.file)
	s.mountResults(mux)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // the gate has HTTP/2 spoken
	return &http.Server{
		Handler:           s.authorized(mux),
		Protocols:         protocols,
		ConnContext:       connContext,
		ReadHeaderTimeout: headerWait,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug-4),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          32,
			MaxReceiveBufferPerConnection: window,
			MaxReceiveBufferPerStream:     window,
			MaxReadFrameSize:              frame,
		},
	}
}

// speakHTTP2 returns what serves connections by the settings of a server, and ends with it.
//
//nolint:staticcheck // net/http takes no connection that reads otherwise than TLS does, see gate
func speakHTTP2(by *http.Server) (func(*framed), error) {
	server := new(http2.Server)
	if err := http2.ConfigureServer(by, server); err != nil {
		return nil, fmt.Errorf("preparing HTTP/2: %w", err)
	}
	return func(c *framed) {
		server.ServeConn(c, &http2.ServeConnOpts{
			BaseConfig: by, Handler: by.Handler, Context: context.WithValue(context.Background(), connKey{}, net.Conn(c.under)),
		})
	}, nil
}

// authorized passes only requests with a valid token on, compared in constant time, and no
// more of them than an agent makes. A body must come soon, with or without a token, since
// the server waits for what a handler leaves unread. Handlers that read a body for longer,
// or continue after it, set their own deadline.
func (s *Server) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived := stamp.Now()
		if r.ContentLength != 0 && http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWait)) != nil {
			return
		}
		holder, refused := s.holder(r)
		open := needsNoToken(r)
		if !open && refused != "" {
			s.log.Warn("a request without a good token", "from", r.RemoteAddr, "path", short(r.URL.Path), "code", refused)
			s.refuseToken(w, refused)
			return
		}
		conn := connOf(r)
		if !open {
			conn.authorize()
			conn.guest.Renew(bodyWait + authorizedWait)
		}
		if status, why := unwanted(r); why != "" {
			if r.Method != http.MethodPost || r.ContentLength > 4*maxBody { // a small one is read, so that its sender reads the answer
				w.Header().Set("Connection", "close")
			}
			refuse(w, status, wire.CodeRequest, why)
			return
		}
		if !conn.requests.Allow() {
			s.busy(w, share.Turn{After: time.Second}, "too many requests at once over one connection")
			return
		}
		ctx := context.WithValue(context.WithValue(r.Context(), arrivedKey{}, arrived), holderKey{}, holder)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// unwanted says what is wrong with the body that a request has.
func unwanted(r *http.Request) (status int, why string) {
	if r.Method == http.MethodPost && r.URL.Path == results.PathResults {
		return 0, "" // bounded there
	}
	switch {
	case r.Method != http.MethodPost && r.ContentLength != 0:
		return http.StatusBadRequest, r.Method + " takes no body"
	case r.ContentLength > maxBody && !strings.HasSuffix(r.URL.Path, wire.PathUpload):
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("a body of %d bytes: %d at most", r.ContentLength, maxBody)
	}
	return 0, ""
}

// short keeps what strangers write from filling the log.
func short(s string) string { return s[:min(len(s), 80)] }

// busy refuses for now, and says when to ask again.
func (s *Server) busy(w http.ResponseWriter, turn share.Turn, sentence string) {
	s.later(w, http.StatusTooManyRequests, wire.Problem{Error: sentence, Code: wire.CodeBusy, After: turn.After, Ticket: turn.Ticket, Ahead: turn.Ahead})
}

// later refuses for now. p.After says for how long, which is rounded up to seconds.
func (s *Server) later(w http.ResponseWriter, status int, p wire.Problem) {
	s.stats.refuse(p.Code)
	seconds := max(1, int((p.After+time.Second-1)/time.Second))
	p.Error, p.After = fmt.Sprintf("%s: try again in %d s", p.Error, seconds), time.Duration(seconds)*time.Second
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	answer(w, status, p)
}

// What a request's context holds: when it arrived, and whose token it shows.
type (
	arrivedKey struct{}
	holderKey  struct{}
)

func refuse(w http.ResponseWriter, status int, code, sentence string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(wire.Problem{Error: sentence, Code: code})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// decode reads a body that is one JSON document, and removes the deadline of the body,
// which over HTTP/1 would end the request.
func decode(w http.ResponseWriter, r *http.Request, v any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err == nil {
		return true
	}
	status := http.StatusBadRequest
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		status = http.StatusRequestEntityTooLarge
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		status = http.StatusRequestTimeout
	}
	refuse(w, status, wire.CodeRequest, "the request cannot be read: "+err.Error())
	return false
}

// inSession finds the session of a request and keeps it alive during the request. Only the
// token that it was granted for opens it: its name alone does not, with whatever good token.
func (s *Server) inSession(handle func(http.ResponseWriter, *http.Request, *session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session := s.find(r.PathValue("id"))
		who, _ := r.Context().Value(holderKey{}).(holder)
		if session == nil || subtle.ConstantTimeCompare(who.hash[:], session.holder.hash[:]) != 1 {
			refuse(w, http.StatusNotFound, wire.CodeSession, "there is no such session, or it is over")
			return
		}
		connOf(r).guest.Prove(session.id)
		defer session.begin()()
		handle(w, r, session)
	}
}
