package responder

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/responder/listen"
	"netready/probe/responder/share"
)

const (
	maxBody      = 64 << 10         // of a request that is one JSON document
	headerWait   = 5 * time.Second  // for the head of a request
	bodyWait     = 5 * time.Second  // for the body of one that is no upload
	maxTransfer  = 15 * time.Second // of a bandwidth test
	maxTransfers = 8                // of one session
	eventsEvery  = time.Second
	writeWait    = 10 * time.Second // for an agent that is slow to read
	// frames and windows of HTTP/2 that are not the bottleneck of a bandwidth test
	window = 4<<20 - 1
	frame  = 1 << 18
)

func (s *Server) newHTTP() *http.Server {
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
	below("GET", wire.PathSIPEcho, s.sip)
	below("GET", wire.PathLoad, s.load)
	below("GET", wire.PathDownload, s.download)
	below("POST", wire.PathUpload, s.upload)
	mux.HandleFunc("GET /i", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "This is a responder of netready. Give the whole invite to: netready run --responder\n")
	})
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // the gate does the TLS
	return &http.Server{
		Handler:           s.authorized(mux),
		Protocols:         protocols,
		ConnContext:       connContext,
		ReadHeaderTimeout: headerWait,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          32,
			MaxReceiveBufferPerConnection: window,
			MaxReceiveBufferPerStream:     window,
			MaxReadFrameSize:              frame,
		},
	}
}

// authorized lets only those through who hold the token, in constant time, and
// no more of their requests than an agent makes. Whoever announces a body has
// little time to send it, token or not: the server itself waits for what a
// handler leaves unread. Handlers that take longer over a body, or go on after
// it, set their own deadline.
func (s *Server) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived := stamp.Now()
		if r.ContentLength != 0 && http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWait)) != nil {
			return
		}
		holder, ok := s.holder(r)
		if r.URL.Path != "/i" && !ok {
			s.log.Warn("a request without the token", "from", r.RemoteAddr, "path", short(r.URL.Path))
			w.Header().Set("Connection", "close") // nothing of a stranger's is waited for
			refuse(w, http.StatusUnauthorized, wire.CodeToken, "the token is missing or wrong: ask for a fresh invite")
			return
		}
		conn := connOf(r)
		if r.URL.Path != "/i" {
			conn.authorized.Store(true)
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
			busy(w, time.Second, "", "too many requests at once over one connection")
			return
		}
		ctx := context.WithValue(context.WithValue(r.Context(), arrivedKey{}, arrived), holderKey{}, holder)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// unwanted says what is wrong with the body that a request announces.
func unwanted(r *http.Request) (status int, why string) {
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

// busy says that it is not now, but when.
func busy(w http.ResponseWriter, after time.Duration, ticket, sentence string) {
	seconds := max(1, int((after+time.Second-1)/time.Second))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	w.WriteHeader(http.StatusTooManyRequests)
	_ = json.NewEncoder(w).Encode(wire.Problem{
		Error: fmt.Sprintf("%s: try again in %d s", sentence, seconds), Code: wire.CodeBusy,
		After: time.Duration(seconds) * time.Second, Ticket: ticket,
	})
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

// decode reads a body that is one JSON document. What the handler does next is
// not held to the deadline of the body: over HTTP/1 it would end the request.
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

// inSession finds the session of a request and keeps it alive meanwhile.
func (s *Server) inSession(handle func(http.ResponseWriter, *http.Request, *session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session := s.find(r.PathValue("id"))
		if session == nil {
			refuse(w, http.StatusNotFound, wire.CodeSession, "there is no such session, or it is over")
			return
		}
		connOf(r).guest.Prove(session.id)
		defer session.enter()()
		handle(w, r, session)
	}
}

// openSession grants a session.
func (s *Server) openSession(w http.ResponseWriter, r *http.Request) {
	var request wire.Request
	if !decode(w, r, &request) {
		return
	}
	if status, code, why := s.acceptable(request); why != "" {
		refuse(w, status, code, why)
		return
	}
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	client := at.Addr().Unmap()
	token, _ := r.Context().Value(holderKey{}).([sha256.Size]byte)
	turn, why := s.admit(request, share.Holder{Token: hex.EncodeToString(token[:4]), From: client})
	if turn.Loan == nil {
		busy(w, turn.After, turn.Ticket, why)
		return
	}
	request.Duration = min(request.Duration, s.now.Load().limits.Duration)
	session, err := s.begin(request, client, token, turn.Loan)
	if err != nil {
		busy(w, turnAgain, "", err.Error())
		return
	}
	session.grant.Observed = r.RemoteAddr
	connOf(r).guest.Prove(session.id)
	s.log.Info("session", "from", r.RemoteAddr, "calls", request.Calls, "duration", request.Duration)
	answer(w, http.StatusCreated, session.grant)
}

// acceptable checks a request against sense and limits.
func (s *Server) acceptable(r wire.Request) (status int, code, why string) {
	bad := func(f string, args ...any) (int, string, string) {
		return http.StatusBadRequest, wire.CodeRequest, fmt.Sprintf(f, args...)
	}
	switch {
	case r.Version != wire.Version:
		return http.StatusConflict, wire.CodeVersion, fmt.Sprintf("the responder speaks version %d of the protocol, this netready speaks %d: bring both to the same release", wire.Version, r.Version)
	case r.Payload < wire.MinPayload || r.Payload > 1400:
		return bad("a payload of %d bytes: it has to be %d to 1400", r.Payload, wire.MinPayload)
	case r.Ptime < 5*time.Millisecond || r.Ptime > 100*time.Millisecond:
		return bad("a packet every %v: it has to be 5 to 100 ms", r.Ptime)
	case r.Rate < 1 || r.Rate > 192000 || r.Type > 127:
		return bad("clock rate %d, payload type %d: no such codec", r.Rate, r.Type)
	case r.Duration < r.Ptime:
		return bad("a call of %v is shorter than a packet", r.Duration)
	case r.DSCP < 0 || r.DSCP > 63:
		return bad("DSCP %d: it has to be 0 to 63", r.DSCP)
	case r.Calls < 1:
		return bad("%d calls: it has to be at least one", r.Calls)
	case r.Calls > s.now.Load().limits.Calls:
		return http.StatusTooManyRequests, wire.CodeLimit, fmt.Sprintf("%d calls at once: this responder grants %d", r.Calls, s.now.Load().limits.Calls)
	case !costOf(r).Within(s.ledger.Shares().Address):
		return http.StatusTooManyRequests, wire.CodeLimit, fmt.Sprintf("%d packets a second: this responder grants one address %d; ask for fewer calls",
			costOf(r).Packets, s.ledger.Shares().Address.Packets)
	}
	return 0, "", ""
}

// turnAgain is when to ask again where nobody can tell.
const turnAgain = 2 * time.Second

// admit lends a request what it costs, or says when to ask again and why.
func (s *Server) admit(r wire.Request, holder share.Holder) (turn share.Turn, why string) {
	now := time.Now()
	if !s.asks.Allow(holder.From, now) {
		return share.Turn{After: turnAgain, Ticket: r.Ticket}, "too many ask at once"
	}
	turn = s.ledger.Ask(holder, costOf(r), r.Ticket, now, func() bool { return s.starts.Allow(holder.From, now) })
	return turn, "it has as many calls as it takes now, in all or from this address"
}

// begin makes a session and takes it in.
func (s *Server) begin(request wire.Request, client netip.Addr, token [sha256.Size]byte, loan *share.Loan) (*session, error) {
	session := newSession(request, client)
	session.loan, session.token = loan, token
	session.ctx, session.cancel = context.WithCancel(s.ctx)
	if out := s.add(session, s.now.Load().limits.Sessions); out != nil {
		s.drop(out, "busy")
	}
	if err := session.arm(); err != nil {
		s.drop(session, "stopped")
		return nil, err
	}
	g := &session.grant
	g.Responder, g.Region, g.Ports = "netready-responder "+s.config.Version, s.config.Region, s.Listeners()
	g.Media = s.mediaAddress()
	for _, l := range g.Ports {
		if l.Protocol == "stun" {
			g.STUN = append(g.STUN, ":"+strconv.Itoa(l.Port))
		}
	}
	s.mark(session)
	return session, nil
}

// mediaAddress is where the agents' media goes: without a host to that of the
// control connection, which is right behind NAT too.
func (s *Server) mediaAddress() string {
	if s.config.AdvertiseMedia != "" {
		return s.config.AdvertiseMedia
	}
	bound := s.media.LocalAddr()
	control, err := netip.ParseAddrPort(s.ControlAddr())
	if err == nil && !bound.Addr().IsUnspecified() && !control.Addr().Unmap().IsUnspecified() && control.Addr().Unmap() != bound.Addr() {
		return bound.String() // two addresses of this host, chosen on purpose
	}
	return ":" + strconv.Itoa(int(bound.Port()))
}

// mark tells what becomes of the DSCP: every packet has its session's own, where
// the system can do that.
func (s *Server) mark(session *session) {
	notSet := s.media.NoMark()
	for _, c := range session.calls {
		c.mu.Lock()
		if c.event.NoDSCP = s.media.NoDSCP(); notSet == "" {
			c.event.DownSet = &c.request.DSCP
		}
		c.event.NotSet = notSet
		c.mu.Unlock()
	}
}

// drop ends a session.
func (s *Server) drop(session *session, why string) {
	session.close(why)
	session.loan.Return()
	s.door.Dismiss(session.id)
	s.opener.Forget(session.grant.Nonce)
	if s.remove(session) && s.ports != nil {
		s.ports.Forget(session.grant.Nonce)
	}
}

// sweep drops what is over.
func (s *Server) sweep() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		now := stamp.Now()
		s.expire(now)
		s.sampled.tellLeftOut(s.ctx, time.Now())
		all := s.all()
		if len(all) > 0 {
			s.drops.Look()
		}
		for _, session := range all {
			session.lend(now)
			if why := session.over(now); why != "" {
				s.drop(session, why)
			}
		}
	}
}

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
	flush := http.NewResponseController(w)
	// An agent that stops reading must not hold the session: what cannot be
	// written in this time is not wanted.
	write := func(e wire.Event) bool {
		return flush.SetWriteDeadline(time.Now().Add(writeWait)) == nil && json.NewEncoder(w).Encode(e) == nil
	}
	news := func() bool {
		for _, c := range session.calls {
			if !write(c.news()) {
				return false
			}
		}
		return flush.Flush() == nil
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
	// What came between the last lines and the end.
	for _, c := range session.calls {
		if !write(c.news()) {
			return
		}
	}
	write(wire.Event{Closed: closed})
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
		busy(w, turnAgain, "", err.Error())
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, wire.CodeRequest, err.Error())
		return
	}
	answer(w, http.StatusOK, grant)
}

func (s *Server) sip(w http.ResponseWriter, _ *http.Request, session *session) {
	messages := [][]byte{}
	if s.ports != nil {
		messages = append(messages, s.ports.SIP(session.grant.Nonce)...)
	}
	answer(w, http.StatusOK, messages)
}

// load tells whether the responder was too full for a session.
func (s *Server) load(w http.ResponseWriter, _ *http.Request, session *session) {
	load := wire.Load{Dropped: s.drops.Since(session.since)}
	if s.ports != nil {
		turned := s.ports.Turned()
		load.TurnedAway, load.Anyone = turned.Since(session.client, session.since), turned.AnyoneSince(session.since)
	}
	answer(w, http.StatusOK, load)
}

// mayTransfer bounds the bandwidth tests of a session.
func (session *session) mayTransfer(w http.ResponseWriter) bool {
	session.mu.Lock()
	defer session.mu.Unlock()
	session.transfers++
	if session.transfers <= maxTransfers {
		return true
	}
	refuse(w, http.StatusTooManyRequests, wire.CodeLimit, "this session has had its bandwidth tests")
	return false
}

// download sends random bytes, which nothing on the way can compress, as fast
// as they go, bounded in number and time.
func (s *Server) download(w http.ResponseWriter, r *http.Request, session *session) {
	most, err1 := strconv.ParseInt(r.URL.Query().Get("bytes"), 10, 64)
	seconds, err2 := strconv.ParseFloat(r.URL.Query().Get("seconds"), 64)
	if err1 != nil || err2 != nil || most < 1 || !(seconds > 0) {
		refuse(w, http.StatusBadRequest, wire.CodeRequest, "give bytes and seconds")
		return
	}
	if !session.mayTransfer(w) {
		return
	}
	most = min(most, s.now.Load().limits.Transfer)
	end := time.Now().Add(min(time.Duration(min(seconds, 60)*float64(time.Second)), maxTransfer))
	chunk := make([]byte, frame)
	_, _ = rand.Read(chunk)
	w.Header().Set("Content-Type", "application/octet-stream")
	if http.NewResponseController(w).SetWriteDeadline(end.Add(time.Second)) != nil {
		return
	}
	for most > 0 && time.Now().Before(end) && session.ctx.Err() == nil {
		n, err := w.Write(chunk[:min(most, int64(len(chunk)))])
		if err != nil {
			return
		}
		most -= int64(n)
	}
}

// upload counts what arrives, from the first byte to the last.
func (s *Server) upload(w http.ResponseWriter, r *http.Request, session *session) {
	if !session.mayTransfer(w) {
		return
	}
	// Who announces an upload and sends nothing must not hold the session.
	if http.NewResponseController(w).SetReadDeadline(time.Now().Add(maxTransfer+time.Second)) != nil {
		return
	}
	body := io.LimitReader(r.Body, s.now.Load().limits.Transfer)
	b := make([]byte, frame)
	var result wire.UploadResult
	var first, last time.Duration
	for session.ctx.Err() == nil {
		n, err := body.Read(b)
		if n > 0 {
			last = stamp.Now()
			if result.Bytes == 0 {
				first = last
			}
			result.Bytes += int64(n)
		}
		if err != nil || result.Bytes > 0 && last-first > maxTransfer {
			break
		}
	}
	result.Elapsed = last - first
	answer(w, http.StatusOK, result)
}
