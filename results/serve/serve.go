// Package serve is a responder's side of results that are sent home: it checks them,
// stores them, and hands them out.
package serve

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"netready/probe/responder"
	"netready/results"
	"netready/results/store"
)

// Config is what the handlers work with.
type Config struct {
	Store *store.Store
	// Trusts says whether a signing key, by its facts.KeyID, is one whose results are
	// taken: this responder's or a sister's.
	Trusts func(keyID string) bool
	// OrgOf is the organisation that an invite of this ID is or was for.
	OrgOf func(tokenID string) (org string, known bool)
	Log   *slog.Logger
}

// handler serves results.PathResults.
type handler struct {
	Config

	allowed allowance
	reading chan struct{} // bounds the results that are read at once: calls need the cores too
}

// New is the handler of results.PathResults, behind the responder's check of tokens.
func New(c Config) http.Handler {
	h := &handler{Config: c, reading: make(chan struct{}, max(1, runtime.NumCPU()/4))}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+results.PathResults, h.take)
	return mux
}

// A refusal is why something is not done.
type refusal struct {
	status   int
	code     string
	sentence string
	after    time.Duration // when to try again; 0: that would not help
}

// othersRun refuses a result that an organisation's invite did not make.
func othersRun() *refusal {
	return &refusal{http.StatusForbidden, results.OtherInvite, "the run was made with the invite of another organisation: send it with an invite of that one", 0}
}

// refuse answers with a refusal and writes it down. No line of the log has both a run and an
// address: who left addresses out of a result would be named by it.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, no *refusal) {
	refuse(h.Log, w, r, no)
}

func refuse(log *slog.Logger, w http.ResponseWriter, r *http.Request, no *refusal) {
	who, _ := responder.HolderOf(r.Context())
	about := []any{"method", r.Method, "token", tokenName(who), "code", no.code, "reason", no.sentence}
	if no.code != results.OtherContent { // which names a run
		about = append(about, "from", r.RemoteAddr)
	}
	log.Warn("a request for results was refused", about...)
	if no.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(no.after/time.Second))))
	}
	answer(w, no.status, results.Problem{Error: no.sentence, Code: no.code, After: no.after})
}

// tokenName names a token in the log.
func tokenName(who responder.Holder) string {
	if who.Own {
		return "own"
	}
	return who.TokenID
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Del("Content-Encoding")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
