package responder

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"netready/probe/internal/wire"
)

// A stranger's requests fill neither the log nor its lines, and it says how
// many it left out.
func TestLogIsBounded(t *testing.T) {
	for _, test := range []struct {
		name  string
		kinds int
		lines int
		text  string
		most  int // lines
	}{
		{"one kind", 1, 5000, "x", 2 * linesOfKind},
		{"long texts", 1, 500, strings.Repeat("x", 16<<10), 2 * linesOfKind},
		{"many kinds", 1000, 5000, "x", (mostKinds + 2) * linesOfKind},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out safeBuffer
				h := newSampled(slog.NewTextHandler(&out, nil))
				log := slog.New(h).With("part", "test")
				for i := range test.lines {
					log.Warn(fmt.Sprint("kind ", i%test.kinds), "path", test.text)
				}
				h.tellLeftOut(t.Context(), time.Now())
				before := out.lines()
				if before > test.most || len(out.text()) > test.most*600 {
					t.Errorf("%d lines with %d bytes, want %d lines at most", before, len(out.text()), test.most)
				}
				time.Sleep(logWindow + time.Second)
				h.tellLeftOut(t.Context(), time.Now())
				if test.kinds == 1 && !strings.Contains(out.text(), fmt.Sprint("left_out=", test.lines-linesOfKind)) {
					t.Errorf("it does not say that %d lines are left out: %s", test.lines-linesOfKind, out.text()[max(0, len(out.text())-300):])
				}
				log.Warn("kind 0", "path", "later")
				if !strings.Contains(out.text(), "later") {
					t.Error("a later line is missing")
				}
			})
		})
	}
}

type safeBuffer struct {
	mu sync.Mutex // guards the rest
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *safeBuffer) lines() int { return strings.Count(s.text(), "\n") }

// Requests without the token, with long paths, leave a few short lines in the log, and an
// agent at the same time gets its session.
func TestRequestsWithoutATokenDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	var out safeBuffer
	config := Local()
	config.Log = slog.New(slog.NewTextHandler(&out, nil))
	s := start(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if c, err := stranger(ctx, s, "127.0.0.1", "http/1.1"); err == nil {
					_, _ = fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", strings.Repeat("a", 12<<10))
					_, _ = c.Read(make([]byte, 512))
					_ = c.Close()
				}
			}
		})
	}
	open(t, s, request)
	wg.Wait()
	cancel()
	if size, lines := len(out.text()), out.lines(); lines == 0 || size > 100<<10 {
		t.Errorf("%d lines with %d bytes in the log, want some and 100 KB at most", lines, size)
	}
}

// Records that nobody reads are not kept: not before anybody has asked for them, and not
// after the reader is gone. What was read until then is complete.
func TestTraceThatNobodyReadsIsBounded(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	for _, ptime := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond} {
		r := request
		r.Ptime, r.Duration = ptime, 10*time.Minute
		c := open(t, s, r)
		call := s.find(c.Grant().Session).calls[0]
		sealer, err := wire.NewSealer(wire.DownFlow(r, c.Grant().Calls[0]))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200_000 {
			call.depart(&flow{next: i, sealer: sealer}, 0)
		}
		call.mu.Lock()
		kept := cap(call.down)
		call.mu.Unlock()
		if most := 3 * int(unreadFor/ptime); kept > 2*most {
			t.Errorf("%v: %d records are kept, want %d at most", ptime, kept, most)
		}
		if err := c.Events(t.Context(), func(wire.Event) { t.Error("a line of a trace with a hole in it") }); err == nil {
			t.Error("a trace with a hole in it was handed out")
		}
	}
}

// Texts of strangers in a request cannot make lines of their own in the log, in either of
// its forms, and cannot steer a terminal.
func TestLogTakesNoLinesFromStrangers(t *testing.T) {
	t.Parallel()
	var text, lines safeBuffer
	config := Local()
	config.Log = slog.New(slog.NewMultiHandler(slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&lines, nil)))
	s := start(t, config)
	const forged = "x\ntime=2026-01-01T00:00:00Z level=ERROR msg=forged\r\x1b[2J\x1b]0;forged\a\u202e\u0085"
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for range 3 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.ControlAddr()+"/"+url.PathEscape(forged)+"?"+url.QueryEscape(forged), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer level=ERROR\tmsg=forged\"")
		r.Header.Set("User-Agent", "level=ERROR\tmsg=forged")
		r.Host = "level=ERROR,msg=forged"
		if answer, err := client.Do(r); err == nil {
			_ = answer.Body.Close()
		}
	}
	if !strings.Contains(text.text(), "forged") {
		t.Fatalf("the path is not in the log, which says nothing then: %q", text.text())
	}
	for line := range strings.Lines(text.text()) {
		if !strings.HasPrefix(line, "time=") || strings.Contains(line, "level=ERROR msg=forged\n") || strings.ContainsAny(line[:len(line)-1], "\x1b\r\n\a\u202e\u0085") {
			t.Errorf("a line of its own or a sign that steers: %q", line)
		}
	}
	for line := range strings.Lines(lines.text()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil || record["level"] == "ERROR" || strings.ContainsAny(line[:len(line)-1], "\x1b\r\n\a") {
			t.Errorf("%v: %q", err, line)
		}
	}
}
