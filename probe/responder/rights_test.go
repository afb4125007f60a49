package responder_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"netready/probe/facts"
	"netready/probe/internal/wire"
	"netready/probe/responder"
	"netready/probe/responder/tokens"
	"netready/report"
	"netready/results"
	"netready/results/serve"
	"netready/results/store"
	"netready/thresholds"
)

// secretHost stands in the one result that is stored: no byte of it may leave.
const secretHost = "PC-OF-ACME"

// withOneResult is a responder that has stored a result of ACME.
func withOneResult(t *testing.T) (*responder.Server, *tokens.Store) {
	t.Helper()
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	kept := store.New(bucket, store.Options{})
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	one := report.New(facts.Result{
		Schema: facts.SchemaVersion, RunID: "01JRIGHTS00000000000000000", StartedAt: at, FinishedAt: at, Machine: facts.Machine{Hostname: secretHost},
	}, thresholds.Default())
	var raw strings.Builder
	if err := report.WriteJSON(&raw, one); err != nil {
		t.Fatal(err)
	}
	if _, _, err := kept.Put(t.Context(), "ACME", []byte(raw.String()), one); err != nil {
		t.Fatal(err)
	}
	pages := serve.NewPages(kept, slog.New(slog.DiscardHandler))
	return withResults(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == results.PathResults {
			pages.ServeHTTP(w, r)
			return
		}
		who, _ := responder.HolderOf(r.Context())
		if !who.Reads {
			w.WriteHeader(http.StatusCreated)
		}
	})
}

// Each token is tried with every path and method: a token that reads can do nothing else,
// one that places calls reads nothing, and one of another organisation gets no byte.
func TestEachTokenDoesItsOwnAlone(t *testing.T) {
	s, store := withOneResult(t)
	secrets := map[string]string{"own": s.Invite().Token}
	for name, asked := range map[string]tokens.Token{
		"ACME calls": {Org: "ACME"}, "ACME reads": {Org: "ACME", Right: tokens.Read},
		"Other reads": {Org: "Other", Right: tokens.Read}, "all read": {AllOrgs: true, Right: tokens.Read},
	} {
		var err error
		if secrets[name], _, err = store.Make(asked, time.Now(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Refresh(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	session := wire.PathSessions + "/AAAAAAAAAAAAAAAAAAAAAA"
	for _, path := range []string{
		wire.PathSessions, session, session + wire.PathEvents, session + wire.PathFinish, session + wire.PathClock, session + wire.PathPorts,
		session + wire.PathLoad, session + wire.PathSign, session + wire.PathDownload, session + wire.PathUpload,
		"/i/files/netready-linux-amd64", "/", "/v1", "/v1/resultsx", "/metrics",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead} {
			for _, name := range []string{"ACME reads", "Other reads", "all read"} {
				if status, body := try(t, s, method, path, secrets[name]); status != http.StatusUnauthorized || method != http.MethodHead && !strings.Contains(body, wire.CodeTokenReads) {
					t.Errorf("%s: %s %s: %d %s", name, method, path, status, body)
				}
			}
		}
	}
	for name, want := range map[string]struct {
		status int
		sees   bool
	}{
		"own": {http.StatusForbidden, false}, "ACME calls": {http.StatusForbidden, false},
		"ACME reads": {http.StatusOK, true}, "Other reads": {http.StatusOK, false}, "all read": {http.StatusOK, true},
	} {
		for _, query := range []string{"", "?keys=1", "?since=2026-11-23&region=_", "?after=v1/date=2026-11-23/org=ACME/", "?org="} {
			status, body := try(t, s, http.MethodGet, results.PathResults+query, secrets[name])
			sees := strings.Contains(body, "ACME") && status == http.StatusOK
			if status != want.status || sees != want.sees || !want.sees && (strings.Contains(body, secretHost) || strings.Contains(body, "01JRIGHTS")) {
				t.Errorf("%s, %q: %d %s", name, query, status, body)
			}
		}
		if status, body := try(t, s, http.MethodGet, results.PathResults+"?org=ACME", secrets[name]); (status == http.StatusOK) != want.sees || strings.Contains(body, secretHost) != want.sees {
			t.Errorf("%s asks for ACME: %d %s", name, status, body)
		}
	}
}

// try makes a request over HTTP/1.1, and returns the answer.
func try(t *testing.T, s *responder.Server, method, path, secret string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "https://"+s.ControlAddr()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	way := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer way.CloseIdleConnections()
	answer, err := way.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}
