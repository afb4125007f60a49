package responder

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"netready/probe/internal/control"
	"netready/probe/internal/wire"
	"netready/probe/responder/tokens"
)

// forOrganisation starts a responder that takes the tokens of a folder, and makes one for
// so many runs.
func forOrganisation(t *testing.T, runs int) (s *Server, secret string, counted func() int) {
	t.Helper()
	dir := t.TempDir()
	store, err := tokens.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err = store.Make(tokens.Token{Org: "ACME", MaxRuns: runs}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	config := Local()
	if config.Tokens, err = tokens.Open(dir); err != nil {
		t.Fatal(err)
	}
	return start(t, config), secret, func() int {
		list, err := store.List(time.Now())
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[0].Runs
	}
}

// ask asks for a session, and returns its name or the code of the refusal.
func ask(t *testing.T, s *Server, secret, id string) (session, refused string) {
	t.Helper()
	asked := request
	asked.ID = id
	b, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := post(t, s, true, secret, bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Error(err)
		return "", ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	var said struct {
		wire.Grant
		wire.Problem
	}
	if err := json.Unmarshal(text, &said); err != nil {
		t.Error(err)
	}
	if answer.StatusCode != http.StatusCreated {
		return "", said.Code
	}
	return said.Session, ""
}

// An invite for one run was used up by an answer that was lost: the agent asked again, with
// the same name of its question, and was told that there are no more runs.
func TestAskedAgainIsOneRun(t *testing.T) {
	t.Parallel()
	s, secret, counted := forOrganisation(t, 1)
	first, _ := ask(t, s, secret, "mine")
	if first == "" || counted() != 1 {
		t.Fatalf("the first time: %q, %d runs", first, counted())
	}
	var wg sync.WaitGroup
	for range 4 { // over four connections at once
		wg.Go(func() {
			if again, refused := ask(t, s, secret, "mine"); again == "" || again == first {
				t.Errorf("again: %q, refused: %q", again, refused)
			}
		})
	}
	wg.Wait()
	if s.find(first) != nil || s.count() != 1 || counted() != 1 {
		t.Errorf("%d sessions, the first is there: %v, %d runs", s.count(), s.find(first) != nil, counted())
	}
	for name, id := range map[string]string{"another question": "other", "without a name": ""} {
		if got, refused := ask(t, s, secret, id); got != "" || refused != wire.CodeTokenUsedUp {
			t.Errorf("%s: %q, %q", name, got, refused)
		}
	}
	if got, refused := ask(t, s, s.config.Identity.Token, "mine"); got == "" || s.count() != 2 { // another holder
		t.Errorf("the same name with another token: %q, %d sessions", refused, s.count())
	}
	if got, refused := ask(t, s, secret, strings.Repeat("x", wire.MostID+1)); got != "" || refused != wire.CodeRequest {
		t.Errorf("a long name: %q, %q", got, refused)
	}
}

// An agent that has used its session has had its run: the same name in a later question is
// a new run.
func TestAskedAgainAfterTheCallIsAnotherRun(t *testing.T) {
	t.Parallel()
	s, secret, counted := forOrganisation(t, 2)
	for i := range 3 {
		got, refused := ask(t, s, secret, "mine")
		if (got != "") != (i < 2) {
			t.Fatalf("time %d: %q, %q", i, got, refused)
		}
		if got != "" {
			s.find(got).showSign()
		}
	}
	if counted() != 2 {
		t.Errorf("%d runs, want 2", counted())
	}
}

// The agent asks again by itself if the connection breaks before the answer.
func TestLostAnswerCostsNoRun(t *testing.T) {
	t.Parallel()
	s, secret, counted := forOrganisation(t, 1)
	to := s.Invite()
	to.Token = secret
	to.Host = losesAnswers(t, s, 2)
	c, err := control.Open(t.Context(), to, request, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := s.Stats().Granted; got != 3 || s.count() != 1 || counted() != 1 {
		t.Errorf("granted %d times, want 3; %d sessions and %d runs, want 1", got, s.count(), counted())
	}
}

// losesAnswers passes connections on, and closes the first ones when the responder has
// granted.
func losesAnswers(t *testing.T, s *Server, cuts uint64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var cut atomic.Uint64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				far, err := net.Dial("tcp", s.ControlAddr())
				if err != nil {
					return
				}
				defer far.Close()
				go func() {
					_, _ = io.Copy(far, c)
					_ = far.Close()
				}()
				for b := make([]byte, 1<<16); err == nil; {
					var n int
					n, err = far.Read(b)
					if before := cut.Load(); before < cuts && s.Stats().Granted > before && cut.CompareAndSwap(before, before+1) {
						return
					}
					_, _ = c.Write(b[:n])
				}
			}()
		}
	}()
	return l.Addr().String()
}
