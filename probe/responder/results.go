package responder

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"netready/probe/responder/share"
	"netready/results"
)

// Bounds on results that are sent to this responder. A result has some 100 KB, and is
// taken in well below a second; the agents that are refused try again.
const (
	resultsAtOnce   = 32              // under way
	resultsAddress  = 16              // of them of one address: an office's workstations end together
	resultsToken    = 24              // of one token, where there are several, and of one prefix
	visitsAtOnce    = 16              // beside them, of browsers that show no token; shared likewise
	resultsBytes    = 128 << 20       // of all bodies that are held; of one token, and of one address, half
	resultsPatience = 5 * time.Second // between two parts of a body
	resultsWait     = 2 * time.Minute // for one, from its first byte to the answer
	resultsAnswer   = 5 * time.Second // more, to say that the time is over
)

// A Holder is the owner of the token that a request for results shows.
type Holder struct {
	Org     string // the organisation that the token is bound to; "": the responder's own token, or one that reads all
	TokenID string // names an organisation's token; no secret
	Own     bool   // it is the responder's own token: the operator's
	Reads   bool   // it reads results, and neither places calls nor stores
	UsedUp  bool   // its runs are used up: it is good for sending the last of them home
}

// HolderOf is the owner of the token of a request for results. Only a request for the page
// has none: a browser shows no token when it opens one.
func HolderOf(ctx context.Context) (Holder, bool) {
	h, _ := ctx.Value(holderKey{}).(holder)
	if !h.valid {
		return Holder{}, false
	}
	return h.public(), true
}

// OrgOf is the organisation that a token of this ID is or was bound to.
func (s *Server) OrgOf(tokenID string) (org string, known bool) {
	if s.config.Tokens == nil {
		return "", false
	}
	t, known := s.config.Tokens.Find(tokenID)
	return t.Org, known
}

// HolderWith is the owner of a token that a browser's session was begun with, if the token
// is valid now. The connection of the request then counts as known until its answer.
func (s *Server) HolderWith(r *http.Request, token string) (Holder, bool) {
	h, refused := s.holder(&http.Request{Header: http.Header{"Authorization": {"Bearer " + token}}, URL: &url.URL{Path: results.PathPage}})
	if refused == "" {
		connOf(r).authorize()
		context.AfterFunc(r.Context(), connOf(r).busyWithResults())
	}
	return h.public(), refused == ""
}

func (h holder) public() Holder {
	return Holder{Org: h.org, TokenID: h.id, Own: h.id == "", Reads: h.reads, UsedUp: h.spent}
}

// WithHolder is for tests of handlers: a context as the server makes it.
func WithHolder(ctx context.Context, h Holder) context.Context {
	return context.WithValue(ctx, holderKey{}, holder{id: h.TokenID, org: h.Org, reads: h.Reads, spent: h.UsedUp, valid: true})
}

// isResults says whether a path is one of the results.
func isResults(path string) bool {
	return path == results.PathResults || strings.HasPrefix(path, results.PathResults+"/") || isResultsPage(path)
}

// isResultsPage says whether a path is one of the page for support.
func isResultsPage(path string) bool {
	return path == results.PathPage || strings.HasPrefix(path, results.PathPage+"/")
}

// needsNoToken says whether a request is one that a browser makes to open a page. A token
// that it does show has to be good.
func needsNoToken(r *http.Request) bool {
	_, shows := shown(r)
	return r.URL.Path == "/i" || !shows && r.Method == http.MethodGet && isResultsPage(r.URL.Path)
}

// mountResults adds the paths of the results.
func (s *Server) mountResults(mux *http.ServeMux) {
	var stored http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, results.NoStore, "this responder stores no results: ask whoever runs it for --store")
	})
	if s.config.Results != nil {
		stored = s.config.Results(s)
	}
	bounded := s.boundResults(stored)
	for _, path := range []string{results.PathResults, results.PathResults + "/", results.PathPage, results.PathPage + "/"} {
		mux.Handle(path, bounded)
	}
}

// boundResults lets no more requests for results in than this host can serve beside its
// calls, and gives each its own time.
func (s *Server) boundResults(next http.Handler) http.Handler {
	held := newBudget(resultsBytes)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, known := HolderOf(r.Context())
		places := s.results
		if !known { // nobody without a token takes a place of who has one
			places = s.visits
		}
		who := share.Holder{Token: tokenOf(r), From: clientOf(r)}
		loan := places.Try(who, share.Cost{Sessions: 1})
		if loan == nil {
			s.busy(w, share.Turn{After: retryAfter}, "many results are sent or read at once")
			return
		}
		defer loan.Return()
		control := http.NewResponseController(w)
		if control.SetWriteDeadline(time.Now().Add(resultsWait+resultsAnswer)) != nil {
			return
		}
		if known {
			defer connOf(r).busyWithResults()()
		}
		if r.ContentLength != 0 {
			body := &patient{body: r.Body, control: control, budget: held, who: who, end: time.Now().Add(resultsWait)}
			defer body.release()
			r.Body = body
		}
		ctx, cancel := context.WithTimeout(r.Context(), resultsWait)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func tokenOf(r *http.Request) string {
	who, _ := r.Context().Value(holderKey{}).(holder)
	return hex.EncodeToString(who.hash[:4])
}

// newResultsLedger shares so many places as the bounds above say.
func newResultsLedger(all int) *share.Ledger {
	n := func(part int) share.Cost { return share.Cost{Sessions: all * part / resultsAtOnce} }
	return share.NewLedger(share.Shares{All: n(resultsAtOnce), Token: n(resultsToken), Address: n(resultsAddress), Prefix: n(resultsToken)})
}

// A budget is how many bytes may be held, in all and by one token or address.
type budget struct {
	most int

	mu   sync.Mutex // guards the rest
	held int
	of   map[any]int // a token's or an address's
}

func newBudget(most int) *budget { return &budget{most: most, of: map[any]int{}} }

// take takes bytes, if there is room for them in all and of half of it for their sender.
func (b *budget) take(who share.Holder, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held+n > b.most || b.of[who.Token]+n > b.most/2 || b.of[who.From]+n > b.most/2 {
		return false
	}
	b.add(who, n)
	return true
}

func (b *budget) giveBack(who share.Holder, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(who, -n)
}

// add counts bytes; b.mu is held.
func (b *budget) add(who share.Holder, n int) {
	b.held += n
	for _, one := range []any{who.Token, who.From} {
		if b.of[one] += n; b.of[one] == 0 {
			delete(b.of, one)
		}
	}
}

// What ends a body before its end.
var (
	// ErrTooLarge is a body of more than results.Largest bytes.
	ErrTooLarge = errors.New("the result is too large")
	// ErrFull is a body that there is no memory for beside the others now, or beside the
	// others of its sender.
	ErrFull = errors.New("too many results are under way")
)

// patient is a body that is bounded in bytes and time. Each part of it has to come soon.
type patient struct {
	body    io.ReadCloser
	control *http.ResponseController
	budget  *budget
	who     share.Holder
	end     time.Time
	read    int
}

func (p *patient) Read(b []byte) (int, error) {
	by := time.Now().Add(resultsPatience)
	if by.After(p.end) {
		by = p.end
	}
	if err := p.control.SetReadDeadline(by); err != nil {
		return 0, err
	}
	n, err := p.body.Read(b)
	switch {
	case p.read+n > results.Largest:
		return 0, ErrTooLarge
	case !p.budget.take(p.who, n):
		return 0, ErrFull
	}
	if p.read += n; errors.Is(err, io.EOF) {
		// Over HTTP/1 the deadline would end the request while it is answered.
		if err := p.control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
	return n, err
}

func (p *patient) Close() error { return p.body.Close() }

// release gives the bytes back: whoever read them is done with them.
func (p *patient) release() { p.budget.giveBack(p.who, p.read) }
