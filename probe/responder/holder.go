package responder

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"netready/probe/internal/wire"
	"netready/probe/responder/tokens"
)

// holder is the owner of a token that a request shows.
type holder struct {
	hash    [sha256.Size]byte // of the token
	id      string            // of an organisation's token; "": of the responder's own
	org     string            // the organisation's name, as the token is bound to it
	reads   bool              // the token reads results
	uploads bool              // the results of its runs are to be sent here
	valid   bool              // it is a token that is accepted
}

// shown is the token that a request shows.
func shown(r *http.Request) (token string, ok bool) {
	return strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// holder says whether a request shows a valid token, and if not, with which code it is
// refused. Valid are the tokens that are accepted now, and the one for which the
// request's session was granted.
func (s *Server) holder(r *http.Request) (h holder, refused string) {
	token, found := shown(r)
	h.hash = sha256.Sum256([]byte(token))
	ok := false
	for _, own := range s.now.Load().hashes { // each of them, in constant time
		ok = subtle.ConstantTimeCompare(h.hash[:], own[:]) == 1 || ok
	}
	if ok && found {
		h.valid = true
		return h, ""
	}
	if below, in := strings.CutPrefix(r.URL.Path, wire.PathSessions+"/"); in && found {
		id, _, _ := strings.Cut(below, "/")
		if session := s.find(id); session != nil && subtle.ConstantTimeCompare(h.hash[:], session.holder.hash[:]) == 1 {
			return session.holder, ""
		}
	}
	if !found || s.config.Tokens == nil {
		return h, wire.CodeToken
	}
	if err := s.config.Tokens.Refresh(time.Now()); err != nil {
		s.log.Error("the tokens stay as they were", "reason", err)
	}
	id, state := s.config.Tokens.Check(token, time.Now())
	h.id = id
	if state == tokens.UsedUp && isResults(r.URL.Path) {
		state = tokens.Good // its last run is sent home with it
	}
	known, _ := s.config.Tokens.Find(id)
	h.org, h.reads, h.uploads, h.valid = known.Org, known.Right == tokens.Read, known.Uploads, state == tokens.Good
	if h.reads && h.valid && !isResults(r.URL.Path) {
		return h, wire.CodeTokenReads
	}
	return h, codeOf(state)
}

// codeOf is the code with which a token is refused, "" for a valid one.
func codeOf(state tokens.State) string {
	switch state {
	case tokens.Good:
		return ""
	case tokens.Expired:
		return wire.CodeTokenExpired
	case tokens.UsedUp:
		return wire.CodeTokenUsedUp
	case tokens.Revoked:
		return wire.CodeTokenRevoked
	default:
		return wire.CodeToken
	}
}

// refuseToken answers why a token is not valid.
func (s *Server) refuseToken(w http.ResponseWriter, code string) {
	s.stats.refuse(code)
	w.Header().Set("Connection", "close") // a stranger's body is not awaited
	refuse(w, http.StatusUnauthorized, code, wire.TokenWords(code)+": ask for a new invite")
}

// countRun counts a run of an organisation's token, or says with which code it is refused.
func (s *Server) countRun(h holder) (refused string) {
	if h.id == "" {
		return ""
	}
	state, err := s.config.Tokens.Use(h.id, time.Now())
	if err != nil {
		s.log.Error("a run could not be counted, so it was refused", "token", h.id, "reason", err)
		return wire.CodeBusy
	}
	return codeOf(state)
}

// giveBackRun does not count the run of a session that never gave a sign: its agent lost
// the answer, and asks again.
func (s *Server) giveBackRun(session *session) {
	if session.holder.id == "" || session.lastSign() != 0 {
		return
	}
	if err := s.config.Tokens.GiveBack(session.holder.id); err != nil {
		s.log.Error("a run could not be given back", "token", session.holder.id, "reason", err)
	}
}
