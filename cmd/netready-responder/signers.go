package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"netready/internal/release"
	"netready/probe/facts"
	"netready/probe/responder"
	"netready/results"
	"netready/results/page"
	"netready/results/serve"
)

// signers are the signing keys whose results are taken: this responder's since its start,
// and its sisters'.
type signers struct {
	mu  sync.Mutex // guards the rest
	ids map[string]bool
}

// add takes a key from now on.
func (s *signers) add(keyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil {
		s.ids = map[string]bool{}
	}
	s.ids[keyID] = true
}

func (s *signers) has(keyID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[keyID]
}

// serveResults is the handler of results: agents bring them, readers get them, support
// looks at them.
func (s *service) serveResults(server *responder.Server) http.Handler {
	for _, id := range s.now.sisters() {
		s.signers.add(id)
	}
	trusts := func(keyID string) bool {
		s.signers.add(facts.KeyID(server.SigningKey())) // a reload may have brought another one
		return s.signers.has(keyID)
	}
	mux := http.NewServeMux()
	brought := serve.New(serve.Config{Store: s.results, Trusts: trusts, OrgOf: server.OrgOf, Log: s.log})
	mux.Handle(results.PathResults, brought)
	mux.Handle(results.PathResults+"/", brought)
	mux.Handle("GET "+results.PathResults, serve.NewPages(s.results, s.log))
	shown := page.New(page.Config{Store: s.results, HolderWith: server.HolderWith, Version: release.Version(), Now: time.Now, Log: s.log})
	mux.Handle(results.PathPage, shown)
	mux.Handle(results.PathPage+"/", shown)
	return mux
}

// sisters are the keys of sister_keys.
func (s settings) sisters() (ids []string) {
	for id := range strings.SplitSeq(s.SisterKeys, ",") {
		if id = strings.TrimSpace(id); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// keyIDForm is that of facts.KeyID.
var keyIDForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

func (s settings) checkSisters() *wrong {
	for _, id := range s.sisters() {
		if !keyIDForm.MatchString(id) {
			return &wrong{"sister_keys", fmt.Sprintf("%q: give the signing_key that a responder logs at its start, 43 letters, digits, - and _", id)}
		}
	}
	return nil
}
