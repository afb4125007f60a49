// Package page is the responder's page for support: which results were sent on a day, by
// verdict, machine, place and hour; one run as its report; a day to download. Whoever
// opens it needs a token that reads, and sees what that token reads.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"netready/internal/pageheaders"
	"netready/probe/responder"
	"netready/report/html"
	"netready/results"
	"netready/results/store"
)

// Paths below results.PathPage.
const (
	pathSession  = results.PathPage + "/session"  // POST with a token: a browser's session begins
	pathLeave    = results.PathPage + "/leave"    // and ends
	pathRun      = results.PathPage + "/run"      // one run as its report
	pathJSON     = results.PathPage + "/run.json" // and as it was stored
	pathDownload = results.PathPage + "/download" // a day
)

var (
	//go:embed page.tmpl
	documents string
	//go:embed page.css
	ownStyle string
	//go:embed page.js
	script string

	pages = template.Must(template.New("page").Parse(documents))
	style = html.Base() + html.Style() + ownStyle
)

// contentPolicy lets the page use this very style and script and ask its own
// responder, and nothing else.
var contentPolicy = "default-src 'none'; script-src " + digest(script) + "; style-src " + digest(style) +
	"; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Config is what the page works with.
type Config struct {
	Store *store.Store
	// HolderWith is the owner of a token, if it is valid now.
	HolderWith func(r *http.Request, token string) (responder.Holder, bool)
	Version    string           // of the program
	Now        func() time.Time // time.Now
	Log        *slog.Logger
}

// Bounds on the work beside calls, which need the cores more.
const (
	looksAtOnce    = 2        // days that are summed up; with one token one
	downloadsBytes = 24 << 20 // of results that downloads read in a second
	downloadsBurst = results.Largest
)

type handler struct {
	Config
	sessions  sessions
	turns     turns         // of each token, to sum up a day
	looks     chan struct{} // held while a day is summed up, not while a browser takes it
	downloads chan struct{} // the same of a file that is made
	pace      *rate.Limiter
}

// New is the handler of results.PathPage and of all below it.
func New(c Config) http.Handler {
	h := &handler{
		Config: c, sessions: newSessions(), turns: newTurns(), looks: make(chan struct{}, looksAtOnce), downloads: make(chan struct{}, 1),
		pace: rate.NewLimiter(downloadsBytes, downloadsBurst),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+results.PathPage, h.forReaders(h.day))
	mux.HandleFunc("GET "+pathRun, h.forReaders(h.run))
	mux.HandleFunc("GET "+pathJSON, h.forReaders(h.json))
	mux.HandleFunc("GET "+pathDownload, h.forReaders(h.download))
	mux.HandleFunc("POST "+pathSession, h.begin)
	mux.HandleFunc("GET "+pathLeave, h.end)
	mux.HandleFunc("GET "+results.PathPage+"/", h.forReaders(func(w http.ResponseWriter, r *http.Request, _ responder.Holder) {
		h.refuse(w, r, http.StatusNotFound, "There is no such page.")
	}))
	return mux
}

// forReaders serves whoever shows a token that reads, or has a session of one. Others
// see how to get in.
func (h *handler) forReaders(serve func(http.ResponseWriter, *http.Request, responder.Holder)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := h.reader(r)
		if ok {
			serve(w, r, who)
			return
		}
		status := http.StatusUnauthorized
		if r.URL.Path == results.PathPage {
			status = http.StatusOK // where one gets in
		}
		h.show(w, status, "door", frame{Title: "Results"})
	}
}

// reader is who asks.
func (h *handler) reader(r *http.Request) (responder.Holder, bool) {
	who, ok := responder.HolderOf(r.Context())
	if !ok {
		var token string
		if token, ok = h.sessions.token(r, h.Now()); ok {
			who, ok = h.HolderWith(r, token)
		}
	}
	return who, ok && who.Reads
}

// frame is what every page has.
type frame struct {
	Title, Version string
	Who            string // whose results these are; "" at the door
	Style          template.CSS
	Script         template.JS
	Body           any
}

func (h *handler) show(w http.ResponseWriter, status int, name string, f frame) {
	f.Version, f.Style, f.Script = h.Version, template.CSS(style), template.JS(script) //nolint:gosec // both are parts of this program
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, f); err != nil {
		h.Log.Error("a page of results cannot be made", "page", name, "reason", err)
		http.Error(w, "The page cannot be made: the responder's log says why.", http.StatusInternalServerError)
		return
	}
	headers(w, "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser may be gone
}

func headers(w http.ResponseWriter, kind string) {
	pageheaders.Set(w.Header(), contentPolicy)
	w.Header().Set("Content-Type", kind)
}

// whose says whose results a token reads.
func whose(who responder.Holder) string {
	if who.Org == "" {
		return "all organizations"
	}
	return who.Org
}

// refuse says in a page why something is not shown.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	who, _ := h.reader(r)
	h.show(w, status, "refusal", frame{Title: "Not shown", Who: whose(who), Body: sentence})
}

// failed says that the store did not answer.
func (h *handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		h.refuse(w, r, http.StatusServiceUnavailable, "This took too long and was stopped. Choose one organization, or ask netready merge for a day with very many runs.")
		return
	}
	h.Log.Error("results cannot be read from the store", "path", r.URL.Path, "reason", err)
	h.refuse(w, r, http.StatusServiceUnavailable, "The store cannot be read now. Try again in a minute; the responder's log has the reason.")
}
