package responder

import (
	"crypto/sha256"
	"crypto/subtle"
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
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
	spent   bool              // its runs are used up, and it is valid for results alone
	usedUp  bool              // valid but for its runs: who asks again for one that is counted may have it
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
		state, h.spent = tokens.Good, true // its last run is sent home with it
	}
	known, _ := s.config.Tokens.Find(id)
	h.org, h.reads, h.uploads, h.valid = known.Org, known.Right == tokens.Read, known.Uploads, state == tokens.Good
	if h.reads && h.valid && !isResults(r.URL.Path) {
		return h, wire.CodeTokenReads
	}
	if h.usedUp = state == tokens.UsedUp && asksForSession(r); h.usedUp {
		return h, "" // openSession knows the question
	}
	return h, codeOf(state)
}

func asksForSession(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == wire.PathSessions
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

// run is one of an organisation's, from the question for a session until there is one.
type run struct {
	server  *Server
	holder  holder
	counted bool
	kept    bool // by a session, which gives it back if its agent never shows up
}

// count counts the run, unless it is counted already, or says with which code it is refused.
func (r *run) count() (refused string) {
	if r.holder.id == "" || r.counted {
		return ""
	}
	state, err := r.server.config.Tokens.Use(r.holder.id, time.Now())
	if err != nil {
		r.server.log.Error("a run could not be counted, so it was refused", "token", r.holder.id, "reason", err)
		return wire.CodeBusy
	}
	r.counted = state == tokens.Good
	return codeOf(state)
}

// end gives back a run of which no session came.
func (r *run) end() {
	if r.counted && !r.kept {
		r.server.giveBack(r.holder)
	}
}

// giveBackRun does not count the run of a session that never gave a sign: its agent did
// not get the answer, or was ended.
func (s *Server) giveBackRun(session *session) {
	session.mu.Lock()
	handedOn := session.handedOn
	session.mu.Unlock()
	if !handedOn && session.lastSign() == 0 {
		s.giveBack(session.holder)
	}
}

func (s *Server) giveBack(h holder) {
	if h.id == "" {
		return
	}
	if err := s.config.Tokens.GiveBack(h.id); err != nil {
		s.log.Error("a run could not be given back", "token", h.id, "reason", err)
	}
}

// endUnanswered ends the session that was granted to the same question before: its agent
// asks again, so the answer was lost. It says whether a run is counted for it, which is
// then the one of the question.
func (s *Server) endUnanswered(question string, who holder) (counted bool) {
	before := s.askedBy(question, who)
	if before == nil || before.lastSign() != 0 {
		return false
	}
	before.mu.Lock()
	before.handedOn = true
	before.mu.Unlock()
	s.drop(before, "stopped")
	return who.id != ""
}

// lanes let one at a time of each name pass. Names may share a lane.
type lanes [64]sync.Mutex

var laneSeed = maphash.MakeSeed()

// enter waits for the others of a name; "" waits for nobody.
func (l *lanes) enter(name string) (done func()) {
	if name == "" {
		return func() {}
	}
	lane := &l[maphash.String(laneSeed, name)%uint64(len(l))]
	lane.Lock()
	return lane.Unlock
}
