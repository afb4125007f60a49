package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob/fileblob"

	"netready/probe/facts"
	"netready/probe/responder"
	"netready/probe/responder/tokens"
	"netready/results"
	"netready/results/serve"
	"netready/results/store"
)

// home is a responder that stores results. It can be killed and started again, with the
// same key, tokens, address and store.
type home struct {
	t       *testing.T
	dir     string
	address string
	store   *store.Store
	tokens  *tokens.Store
	server  *responder.Server
}

func newHome(t *testing.T) *home {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	h := &home{t: t, dir: t.TempDir(), address: "127.0.0.1:0"}
	bucket, err := fileblob.OpenBucket(t.TempDir(), &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	h.store = store.New(bucket, store.Options{})
	h.start(nil)
	t.Cleanup(func() { _ = h.server.Close() })
	return h
}

// start starts it with a handler of the test's choice in place of the store's, if not nil.
func (h *home) start(instead http.HandlerFunc) {
	h.t.Helper()
	c := responder.Local()
	c.Control = h.address
	var err error
	if c.Identity, err = responder.LoadIdentity(h.dir); err != nil {
		h.t.Fatal(err)
	}
	if h.tokens, err = tokens.Open(h.dir); err != nil {
		h.t.Fatal(err)
	}
	c.Tokens = h.tokens
	c.Results = func(s *responder.Server) http.Handler {
		if instead != nil {
			return instead
		}
		return serve.New(serve.Config{
			Store: h.store, OrgOf: s.OrgOf, Log: slog.New(slog.DiscardHandler),
			Trusts: func(id string) bool { return id == facts.KeyID(s.SigningKey()) },
		})
	}
	if h.server, err = responder.Start(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	h.address = h.server.ControlAddr()
}

// restart kills it and starts another one in its place.
func (h *home) restart(instead http.HandlerFunc) {
	h.t.Helper()
	_ = h.server.Close()
	h.start(instead)
}

// invited is an invite for ACME, whose maker asks for results or not.
func (h *home) invited(asks bool) string {
	h.t.Helper()
	secret, _, err := h.tokens.Make(tokens.Token{Org: "ACME", Uploads: asks}, time.Now(), time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	to := h.server.Invite()
	to.Token = secret
	return to.String()
}

// stored are the results in the store, by run ID.
func (h *home) stored() map[string][]byte {
	h.t.Helper()
	all := map[string][]byte{}
	for one, err := range h.store.List(h.t.Context(), results.Query{Org: "ACME"}, "") {
		if err != nil {
			h.t.Fatal(err)
		}
		raw, err := h.store.Read(h.t.Context(), one.Key)
		if err != nil {
			h.t.Fatal(err)
		}
		all[one.RunID] = raw
	}
	return all
}

// waiting are the files of the outbox.
func (h *home) waiting() []string {
	h.t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_STATE_HOME"), "netready", "outbox", "*"))
	if err != nil {
		h.t.Fatal(err)
	}
	return files
}

// ping makes a short run.
func (h *home) ping(invited string, more ...string) (status int, stdout, stderr string) {
	h.t.Helper()
	return command(h.t, append([]string{"run", "--responder", invited, "--region", "local", "--only", "ping", "--duration", "1s", "--out", h.t.TempDir(), "--json"}, more...)...)
}

func TestAResultGoesHome(t *testing.T) {
	h := newHome(t)
	invited := h.invited(false)
	without, _, _ := h.ping(invited)
	if len(h.stored()) != 0 {
		t.Error("a result was sent without being asked for")
	}
	status, stdout, stderr := h.ping(invited, "--upload")
	if status != without || !strings.Contains(stderr, "will be sent to "+h.address) || !strings.Contains(stderr, "ACME") || !strings.Contains(stderr, "was sent to") {
		t.Errorf("status %d (%d without), %s", status, without, stderr)
	}
	all := h.stored()
	for _, raw := range all {
		if string(raw) != stdout {
			t.Error("what was stored is not what was printed")
		}
	}
	if len(all) != 1 || len(h.waiting()) != 0 {
		t.Errorf("%d stored, %v waiting", len(all), h.waiting())
	}
	if _, _, stderr := h.ping(invited, "--upload", "--repeat", "2", "--every", "1s", "--quiet"); len(h.stored()) != 3 || stderr != "" {
		t.Errorf("%d stored after a series of two, %s", len(h.stored()), stderr)
	}
}

// Whoever makes the invite may ask for the results: that is said, and the user can say no.
func TestTheMakerOfAnInviteAsksForResults(t *testing.T) {
	h := newHome(t)
	invited := h.invited(true)
	if _, _, stderr := h.ping(invited, "--no-upload"); len(h.stored()) != 0 || strings.Contains(stderr, "sent") {
		t.Errorf("it was sent in spite of --no-upload: %s", stderr)
	}
	if _, _, stderr := h.ping(invited, "--quiet"); len(h.stored()) != 1 || !strings.Contains(stderr, "--no-upload") {
		t.Errorf("%d stored, and it was not said how to say no: %s", len(h.stored()), stderr)
	}
}

// The responder is down during one run and up during the next: both results are sent, and
// the exit status of the run that could not send is the same.
func TestAResultWaitsForItsResponder(t *testing.T) {
	h := newHome(t)
	invited := h.invited(false)
	token, _, _ := strings.Cut(strings.SplitAfter(invited, "#")[1], ".")
	_, secret, _ := strings.Cut(token, "~")
	_ = h.server.Close()
	status, _, stderr := h.ping(invited, "--upload")
	files := h.waiting()
	if status != exitUndetermined || len(files) != 1 || !strings.Contains(stderr, "is kept") {
		t.Fatalf("status %d, %v, %s", status, files, stderr)
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if b, err := os.ReadFile(files[0]); err != nil || bytes.Contains(b, []byte(secret)) {
		t.Errorf("the file holds the token, or %v", err)
	}
	h.start(nil)
	if _, _, stderr := h.ping(invited); len(h.stored()) != 1 || len(h.waiting()) != 0 || !strings.Contains(stderr, "results of earlier runs that were sent to") {
		t.Errorf("%d stored, %d waiting after the next run: %s", len(h.stored()), len(h.waiting()), stderr)
	}
}

// Results that wait are sent before the run begins, because sending and measuring would
// disturb each other. What is not sent then is sent after the run, and a failure does not
// change the run.
func TestWhatWaitsGoesBeforeTheRun(t *testing.T) {
	h := newHome(t)
	invited := h.invited(false)
	_ = h.server.Close()
	h.ping(invited, "--upload", "--quiet")
	tried := 0
	h.start(func(w http.ResponseWriter, _ *http.Request) {
		if tried++; tried == 1 && h.server.Stats().Granted != 0 {
			t.Error("it was not sent before the run")
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(results.Problem{Error: "no", Code: results.StoreFull})
	})
	if status, _, stderr := h.ping(invited); status != 0 || tried != 2 || len(h.waiting()) != 1 || strings.Count(stderr, "still wait") != 1 {
		t.Errorf("status %d, %d tries, want one before the run and one after it; %s", status, tried, stderr)
	}
	h.restart(nil)
	status, _, stderr := h.ping(invited, "--upload")
	earlier, now := strings.Index(stderr, "results of earlier runs that were sent"), strings.Index(stderr, "will be sent to")
	if status != 0 || earlier < 0 || now < earlier || len(h.stored()) != 2 || len(h.waiting()) != 0 {
		t.Errorf("status %d, %d stored, %v wait: %s", status, len(h.stored()), h.waiting(), stderr)
	}
}

// A result that is refused for now waits, one that is refused finally does not, and neither
// changes the exit status.
func TestRefusedResults(t *testing.T) {
	h := newHome(t)
	invited := h.invited(false)
	for _, c := range []struct {
		code    string
		waiting int
		said    string
	}{
		{results.NewerSchema, 1, "was not sent to"},
		{results.Edited, 0, "(edited): no. It is not sent again"},
		{results.WrongClock, 0, "(wrong_clock): no. It is not sent again"},
	} {
		h.restart(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_ = json.NewEncoder(w).Encode(results.Problem{Error: "no", Code: c.code})
		})
		status, stdout, stderr := h.ping(invited, "--upload", "--quiet")
		if status != 0 || len(h.waiting()) != c.waiting || !strings.Contains(stderr, c.said) || !json.Valid([]byte(stdout)) {
			t.Errorf("%s: status %d, waiting %v, %s", c.code, status, h.waiting(), stderr)
		}
	}
}

// Without a responder there is nowhere to send to: the program says so and nothing else
// changes.
func TestThereMayBeNowhereToSendTo(t *testing.T) {
	h := newHome(t)
	status, _, stderr := command(t, "run", "--region", "local", "--only", "ping", "--duration", "1s", "--out", t.TempDir(), "--upload", "--json")
	if status != 0 || !strings.Contains(stderr, "is not sent") || len(h.waiting()) != 0 {
		t.Errorf("status %d, %s", status, stderr)
	}
	if status, _, _ := h.ping(h.invited(false), "--upload", "--no-upload"); status != exitUsage {
		t.Errorf("status %d of --upload --no-upload", status)
	}
}

// A run that was stopped is sent too.
func TestAStoppedRunGoesHome(t *testing.T) {
	h := newHome(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, errs bytes.Buffer
	time.AfterFunc(2*time.Second, stop)
	status := run(ctx, []string{"run", "--responder", h.invited(false), "--region", "local", "--only", "voice", "--duration", "20s", "--out", t.TempDir(), "--json", "--upload"},
		strings.NewReader(""), &out, &errs)
	if status != exitUndetermined || len(h.stored())+len(h.waiting()) != 1 {
		t.Errorf("status %d, %d stored, %d waiting: %s", status, len(h.stored()), len(h.waiting()), errs.String())
	}
}

// stopAt ends a run as soon as some words are printed.
type stopAt struct {
	bytes.Buffer
	words string
	stop  func()
}

func (w *stopAt) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(w.words)) {
		w.stop()
	}
	return w.Buffer.Write(b)
}

// Ctrl-C while the result is sent ends that at once, keeps the result, and does not change
// the run.
func TestCtrlCEndsTheSending(t *testing.T) {
	h := newHome(t)
	arrived := make(chan struct{})
	h.restart(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done() // never an answer
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	errs := &stopAt{words: "sending to", stop: func() { go func() { <-arrived; stop() }() }}
	var out bytes.Buffer
	status := run(ctx, []string{"run", "--responder", h.invited(false), "--region", "local", "--only", "ping", "--duration", "1s", "--out", t.TempDir(), "--json", "--upload"},
		strings.NewReader(""), &out, errs)
	if status != 0 || len(h.waiting()) != 1 || !strings.Contains(errs.String(), "it was stopped") {
		t.Errorf("status %d, %d waiting: %s", status, len(h.waiting()), errs.String())
	}
}
