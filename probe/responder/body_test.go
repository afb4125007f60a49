package responder

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"netready/probe/internal/wire"
)

// post sends a request to open a session, over HTTP/1 or HTTP/2, that announces
// size bytes of body.
func post(t *testing.T, s *Server, http2 bool, token string, body io.Reader, size int64) (*http.Response, error) {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2: http2,
	}
	t.Cleanup(transport.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.ControlAddr()+wire.PathSessions, body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = size
	r.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	return client.Do(r)
}

// A body of which only the first byte ever arrives must not block the responder, whoever
// sends it.
func TestBodyThatNeverEnds(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	for _, test := range []struct {
		name  string
		http2 bool
		token string
		want  int
	}{
		{"HTTP/1", false, s.config.Identity.Token, http.StatusRequestTimeout},
		{"HTTP/2", true, s.config.Identity.Token, http.StatusRequestTimeout},
		{"HTTP/1, wrong token", false, "wrong", http.StatusUnauthorized},
		{"HTTP/2, wrong token", true, "wrong", http.StatusUnauthorized},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body, first := io.Pipe()
			t.Cleanup(func() { _ = first.Close() })
			go func() { _, _ = first.Write([]byte("{")) }()
			answer, err := post(t, s, test.http2, test.token, body, 500)
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			defer answer.Body.Close()
			if answer.StatusCode != test.want {
				t.Errorf("status %d, want %d", answer.StatusCode, test.want)
			}
			if want := 1 + btoi(test.http2); answer.ProtoMajor != want {
				t.Errorf("HTTP/%d, want HTTP/%d", answer.ProtoMajor, want)
			}
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	for _, http2 := range []bool{false, true} {
		body := `{"codec":"` + strings.Repeat("x", maxBody) + `"}`
		answer, err := post(t, s, http2, s.config.Identity.Token, strings.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("HTTP/2 %v: status %d, want 413", http2, answer.StatusCode)
		}
		_ = answer.Body.Close()
	}
}
