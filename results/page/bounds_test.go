package page_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netready/probe/responder"
)

// slow is a browser that takes nothing until it is released.
type slow struct {
	*httptest.ResponseRecorder
	reached chan<- struct{}
	release <-chan struct{}
}

func (s slow) Write(b []byte) (int, error) {
	s.reached <- struct{}{}
	<-s.release
	return len(b), nil
}

// Readers that do not read the answer do not keep the page or a download from others.
func TestSlowBrowsersKeepNothingFromOthers(t *testing.T) {
	h := start(t)
	h.add(t, "ACME", 1)
	shown := h.page(nil)
	ask := func(w http.ResponseWriter, token, path string) {
		ctx := responder.WithHolder(t.Context(), responder.Holder{TokenID: token, Reads: true})
		shown.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	}
	reached, release := make(chan struct{}, 100), make(chan struct{})
	defer close(release)
	for _, path := range []string{"/results" + today, "/results/download" + today + "&as=csv"} {
		for range 3 { // more than may be made at once
			go ask(slow{httptest.NewRecorder(), reached, release}, "hog", path)
			<-reached
		}
		w := httptest.NewRecorder()
		ask(w, "other", path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// Which organisation a run is of is told by its key alone, also where the name is cut in it:
// one request makes nobody look through the index.
func TestARunIsReadWithoutTheIndex(t *testing.T) {
	h := start(t)
	long, other := strings.Repeat("ą", 90), strings.Repeat("ą", 89)+"b"
	own, foreign := h.add(t, long, 1), h.add(t, other, 2)
	if err := os.RemoveAll(filepath.Join(h.dir, "index")); err != nil {
		t.Fatal(err)
	}
	secret, _ := h.token(t, reads(long))
	b := h.browser(t)
	b.enter(secret)
	for key, want := range map[string]int{own.Key: http.StatusOK, foreign.Key: http.StatusNotFound} {
		if answer, _ := b.get("/results/run.json?key=" + url.QueryEscape(key)); answer.StatusCode != want || !strings.Contains(key, "~") {
			t.Errorf("%s: %d, want %d", key, answer.StatusCode, want)
		}
	}
}
