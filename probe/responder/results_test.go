package responder_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"netready/probe/contact"
	"netready/probe/invite"
	"netready/probe/responder"
	"netready/probe/responder/tokens"
	"netready/results"
)

// withResults starts a responder whose handler of results is the test's.
func withResults(t *testing.T, handle http.HandlerFunc) (*responder.Server, *tokens.Store) {
	t.Helper()
	store, err := tokens.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := responder.Local()
	c.Tokens = store
	c.Results = func(*responder.Server) http.Handler { return handle }
	s, err := responder.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, store
}

// ask makes one request as an agent does.
func ask(t *testing.T, to invite.Invite, method, path string, body io.ReadSeeker) (string, error) {
	t.Helper()
	conn, err := contact.Open(t.Context(), to, &http.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer, err := conn.Do(t.Context(), method, path, body)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return string(b), err
}

// The handler of results learns whose token was shown. A token whose runs are used up can
// still send the result of the last of them, and makes no other run.
func TestResultsAreBehindTheToken(t *testing.T) {
	s, store := withResults(t, func(w http.ResponseWriter, r *http.Request) {
		holder, ok := responder.HolderOf(r.Context())
		_, _ = fmt.Fprint(w, r.URL.Path, holder, " ", ok)
	})
	own := s.Invite()
	made := own
	secret, token, err := store.Make(tokens.Token{Org: "ACME", MaxRuns: 1}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	made.Token = secret
	reader := own
	var reads tokens.Token
	if reader.Token, reads, err = store.Make(tokens.Token{Org: "ACME", Right: tokens.Read}, time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := store.Refresh(time.Now()); err != nil {
		t.Fatal(err)
	}
	if state, err := store.Use(token.ID, time.Now()); state != tokens.Good || err != nil {
		t.Fatal(state, err)
	}
	wrong := own
	wrong.Token = "nobody"
	if got, err := ask(t, reader, http.MethodGet, results.PathResults, nil); got != "/v1/results{ACME "+reads.ID+" false true false} true" || err != nil {
		t.Errorf("a token that reads: %s, %v", got, err)
	}
	if _, err := ask(t, reader, http.MethodPost, "/v1/sessions", strings.NewReader("{}")); !errors.Is(err, contact.ErrToken) {
		t.Errorf("a token that reads asks for a session: %v", err)
	}
	for _, c := range []struct {
		to         invite.Invite
		path, want string
	}{
		{own, results.PathResults + "?since=7d", "/v1/results{  true false false} true"},
		{made, results.PathResults, "/v1/results{ACME " + token.ID + " false false true} true"},
		{made, results.PathPage + "/runs", "/results/runs{ACME " + token.ID + " false false true} true"},
	} {
		if got, err := ask(t, c.to, http.MethodGet, c.path, nil); got != c.want || err != nil {
			t.Errorf("%s: %s, %v, want %s", c.path, got, err, c.want)
		}
	}
	for _, path := range []string{results.PathResults, results.PathPage} {
		if _, err := ask(t, wrong, http.MethodGet, path, nil); !errors.Is(err, contact.ErrToken) {
			t.Errorf("%s with a wrong token: %v", path, err)
		}
	}
	if org, known := s.OrgOf(token.ID); org != "ACME" || !known {
		t.Errorf("%s is of %q, %v", token.ID, org, known)
	}
}

// A browser that opens the page shows no token, and counts as a stranger.
func TestThePageOpensWithoutAToken(t *testing.T) {
	s, _ := withResults(t, func(w http.ResponseWriter, r *http.Request) {
		_, ok := responder.HolderOf(r.Context())
		_, _ = fmt.Fprint(w, r.URL.Path, ok)
	})
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for path, want := range map[string]string{results.PathPage: "/resultsfalse", results.PathPage + "/page.js": "/results/page.jsfalse", results.PathResults: wantToken} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.ControlAddr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !strings.Contains(string(b), want) {
			t.Errorf("%s: %s, want %s", path, b, want)
		}
	}
}

const wantToken = `"code":"token"`

// The size of a body is bounded whatever its head says, and the next request is served.
func TestABodyOfAResultIsBounded(t *testing.T) {
	s, _ := withResults(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = fmt.Fprintf(w, `{"error":"%d","code":"%v"}`, n, errors.Is(err, responder.ErrTooLarge))
			return
		}
		_, _ = fmt.Fprint(w, n)
	})
	whole := bytes.Repeat([]byte("x"), results.Largest)
	if got, err := ask(t, s.Invite(), http.MethodPost, results.PathResults, bytes.NewReader(whole)); got != fmt.Sprint(len(whole)) || err != nil {
		t.Errorf("the largest: %s, %v", got, err)
	}
	if _, err := ask(t, s.Invite(), http.MethodPost, results.PathResults, bytes.NewReader(append(whole, 'x'))); refusedWith(err) != "true" {
		t.Errorf("one byte more: %v", err)
	}
	if got, err := ask(t, s.Invite(), http.MethodPost, results.PathResults, strings.NewReader("x")); got != "1" || err != nil {
		t.Errorf("afterwards: %s, %v", got, err)
	}
	none, err := responder.Start(t.Context(), responder.Local())
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	if _, err := ask(t, none.Invite(), http.MethodPost, results.PathResults, strings.NewReader("x")); refusedWith(err) != results.NoStore {
		t.Errorf("a responder without a store: %v", err)
	}
}

func refusedWith(err error) string {
	refused, _ := errors.AsType[*contact.Refused](err)
	if refused == nil {
		return ""
	}
	return refused.Code
}

// Many at once are told to come again, and no more are held than that.
func TestResultsAtOnceAreBounded(t *testing.T) {
	release := make(chan struct{})
	s, _ := withResults(t, func(http.ResponseWriter, *http.Request) { <-release })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	const many = 40
	answers := askAtOnce(ctx, s.Invite(), many)
	for range many - 16 { // of one address
		if code := refusedWith(<-answers); code != results.Busy {
			t.Errorf("refused with %q, want %q", code, results.Busy)
		}
	}
	close(release)
	for range 16 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

// askAtOnce makes requests at once, and returns their answers.
func askAtOnce(ctx context.Context, to invite.Invite, many int) chan error {
	answers := make(chan error, many)
	for range many {
		go func() {
			conn, err := contact.Open(ctx, to, &http.Transport{})
			if err == nil {
				defer conn.Close()
				_, err = conn.Do(ctx, http.MethodGet, results.PathResults, nil)
			}
			answers <- err
		}()
	}
	return answers
}

// Sixty workstations behind one address end together: those that are refused keep no
// places, so that they are accepted as soon as there is room.
func TestWhoIsRefusedKeepsNoPlace(t *testing.T) {
	release := make(chan struct{})
	s, _ := withResults(t, func(http.ResponseWriter, *http.Request) { <-release })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	answers := askAtOnce(ctx, s.Invite(), 60)
	for range 60 - 16 {
		if code := refusedWith(<-answers); code != results.Busy {
			t.Errorf("refused with %q, want %q", code, results.Busy)
		}
	}
	close(release)
	for range 16 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if _, err := ask(t, s.Invite(), http.MethodGet, results.PathResults, nil); err != nil {
		t.Errorf("afterwards, of an idle responder: %v", err)
	}
}

// Strangers who ask for the page and do not read the answer take no place from holders of a
// token.
func TestVisitorsTakeNoPlaceOfATokenHolder(t *testing.T) {
	release := make(chan struct{})
	s, _ := withResults(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, known := responder.HolderOf(r.Context()); !known {
			<-release
		}
	})
	defer close(release)
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	refused := make(chan struct{}, 40)
	for range 40 {
		go func() {
			request, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+s.ControlAddr()+results.PathPage, nil)
			if resp, err := browser.Do(request); err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusTooManyRequests {
					refused <- struct{}{}
				}
			}
		}()
	}
	<-refused // they have all the places that they get
	if _, err := ask(t, s.Invite(), http.MethodGet, results.PathResults, nil); err != nil {
		t.Errorf("with a token: %v", err)
	}
}

// One invite whose results come slowly fills half of the memory at most.
func TestOneTokenLeavesRoomForOthersBodies(t *testing.T) {
	release, full := make(chan struct{}), make(chan struct{}, 16)
	s, store := withResults(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		switch {
		case errors.Is(err, responder.ErrFull):
			full <- struct{}{}
			http.Error(w, "full", http.StatusTooManyRequests)
		case n > 1:
			<-release
		}
	})
	defer close(release)
	hog := s.Invite()
	var err error
	if hog.Token, _, err = store.Make(tokens.Token{Org: "ACME"}, time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		go func() {
			if conn, err := contact.Open(t.Context(), hog, &http.Transport{}); err == nil {
				_, _ = conn.Do(t.Context(), http.MethodPost, results.PathResults, bytes.NewReader(make([]byte, results.Largest)))
				_ = conn.Close()
			}
		}()
	}
	for n := range 4 {
		select {
		case <-full:
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of 8 were refused, want 4", n)
		}
	}
}
