package fetch

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/invite"
	"netready/report"
	"netready/report/merge"
	"netready/results"
	"netready/thresholds"
)

// farEnd is a server of TLS 1.3 and HTTP/2 that answers as it likes, and its invite.
func farEnd(t testing.TB, serve http.HandlerFunc) invite.Invite {
	t.Helper()
	s := httptest.NewUnstartedServer(serve)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return invite.Invite{Host: s.Listener.Addr().String(), Token: "t", Pins: [][]byte{invite.Pin(s.Certificate().RawSubjectPublicKeyInfo)}}
}

// mergedFrom merges a store and writes CSV alone. Where no run came, the report says why,
// and nothing is written.
func mergedFrom(t *testing.T, ctx context.Context, s Source) (merge.Report, error) {
	t.Helper()
	csv := filepath.Join(t.TempDir(), "o.csv")
	done, err := merge.Merge{
		Sources: []string{"x"}, CSV: csv, Now: time.Now(),
		Elsewhere: func(string) (merge.Place, bool) { return s.Place(), true },
	}.Do(ctx)
	if _, missing := os.Stat(csv); errors.Is(err, merge.ErrNoneCame) {
		if missing == nil {
			t.Error("a file was written although no run came")
		}
		return done, nil
	}
	return done, err
}

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// run is the JSON of a run.
func run(tb testing.TB, id, org string, at time.Time) []byte {
	tb.Helper()
	loss := 0.5
	r := facts.Result{
		Schema: facts.SchemaVersion, RunID: id, StartedAt: at, FinishedAt: at.Add(45 * time.Second), Organization: org,
		Parts: facts.AllParts(), Complete: true, Machine: facts.Machine{Hostname: "PC-" + id[len(id)-2:]}, Region: facts.Region{ID: "eu-central-1"},
		Voice: facts.Voice{Mode: facts.ModeResponder, Codec: "pcmu", PtimeMS: 20, JitterBufferMS: 60, DurationS: 30, Calls: 1, Up: &facts.Direction{Sent: 1500, LossPercent: &loss}},
	}
	var b strings.Builder
	if err := report.WriteJSON(&b, report.New(r, thresholds.Default())); err != nil {
		tb.Fatal(err)
	}
	return []byte(b.String())
}

func runID(i int) string { return fmt.Sprintf("01JFETCH%018d", i) }

// keyOf is the key of a run of monday.
func keyOf(org, id string) string {
	return "v1/date=2026-11-23/org=" + org + "/region=eu-central-1/" + id + ".json"
}

// say writes lines of a page.
func say(t *testing.T, w io.Writer, lines ...results.Line) {
	t.Helper()
	for _, line := range lines {
		b, err := json.Marshal(line)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(append(b, '\n')) // the client may be gone
	}
}

// A far end that is not a store, or a hostile one, costs an error or a line of what was
// left out. It gets no memory, and no more of our time than a few requests take.
func TestHostileFarEnds(t *testing.T) {
	good := func(i int) results.Line {
		return results.Line{Key: keyOf("ACME", runID(i)), Result: run(t, runID(i), "ACME", monday)}
	}
	of := func(key, result string) results.Line { return results.Line{Key: key, Result: json.RawMessage(result)} }
	for name, tt := range map[string]struct {
		serve func(w http.ResponseWriter, r *http.Request)
		says  string
		runs  int
	}{
		"a page without end": {func(w http.ResponseWriter, r *http.Request) {
			for i := range 1000 {
				say(t, w, of(keyOf("ACME", runID(i)), "{}"))
			}
		}, "more than 500 lines", 0},
		"a line without end": {func(w http.ResponseWriter, r *http.Request) {
			for range 40 {
				_, _ = w.Write([]byte(strings.Repeat(" ", 1<<20)))
			}
		}, "longer than results can be", 0},
		"a line without end, compressed": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 40 {
				_, _ = z.Write([]byte(strings.Repeat(" ", 1<<20)))
			}
			_ = z.Close()
		}, "longer than results can be", 0},
		"the same cursor for ever": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, results.Line{Next: keyOf("ACME", runID(1))})
		}, "and sends none", 0},
		"a cursor that leads back": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, good(5), results.Line{Next: keyOf("ACME", runID(1))})
		}, "goes back to a page", 1},
		"empty pages for ever": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, results.Line{Next: r.URL.Query().Get("after") + "v"})
		}, "have no results", 0},
		"keys that fall": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, good(5), good(4), results.Line{End: true})
		}, "not in order", 1},
		"a key twice": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, good(5), good(5), results.Line{End: true})
		}, "not in order", 1},
		"keys of something else": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, of("../../etc/passwd", string(good(1).Result)), good(2), results.Line{End: true})
		}, "not a stored result", 1},
		"strange keys for ever": {func(w http.ResponseWriter, r *http.Request) {
			for i := range 400 {
				say(t, w, of(r.URL.Query().Get("after")+fmt.Sprintf("x%03d", i), "{}"))
			}
			say(t, w, results.Line{End: true})
		}, "not a store of results", 0},
		"another organisation's run": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, good(1), of(keyOf("Other", runID(2)), string(run(t, runID(2), "ACME", monday))), results.Line{End: true})
		}, "another organisation", 1},
		"another run than the key's": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, of(keyOf("ACME", runID(2)), string(good(1).Result)), results.Line{End: true})
		}, "says it is run", 0},
		"several runs in one": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, of(keyOf("ACME", runID(1)), "["+string(good(1).Result)+","+string(good(2).Result)+"]"), results.Line{End: true})
		}, "a line without its result", 0},
		"no result": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, of(keyOf("ACME", runID(1)), `{"schema":1}`), good(2), results.Line{End: true})
		}, "run_id", 1},
		"huge numbers": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, of(keyOf("ACME", runID(1)), strings.Replace(string(good(1).Result), `"sent": 1500`, `"sent": 1e999`, 1)), results.Line{End: true})
		}, "sent", 0},
		"one that cannot be sent": {func(w http.ResponseWriter, r *http.Request) {
			say(t, w, results.Line{Key: keyOf("ACME", runID(1)), Code: results.TooLarge}, good(2), results.Line{End: true})
		}, results.TooLarge, 1},
		"not JSON": {func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("hello\n")) }, "not the JSON of a stored result", 0},
		"a page for people": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>"))
		}, "text/html", 0},
		"a refusal of something else": {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusTeapot) }, "not a responder", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			to := farEnd(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", results.PageType)
				tt.serve(w, r)
			})
			got, err := mergedFrom(t, t.Context(), Source{Invite: to, Query: results.Query{Org: "ACME"}})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.LeftOut) == 0 || !strings.Contains(fmt.Sprint(got.LeftOut), tt.says) || got.Runs != tt.runs {
				t.Errorf("%d runs, want %d; left out %v, want %q", got.Runs, tt.runs, got.LeftOut, tt.says)
			}
			if runtime.ReadMemStats(&after); int64(after.HeapSys)-int64(before.HeapSys) > 300<<20 {
				t.Errorf("the heap grew to %d MB", after.HeapSys>>20)
			}
		})
	}
}

// A far end that is another one than the link's gets no token.
func TestWrongPin(t *testing.T) {
	asked := false
	to := farEnd(t, func(http.ResponseWriter, *http.Request) { asked = true })
	to.Pins[0][0] ^= 1
	got, err := mergedFrom(t, t.Context(), Source{Invite: to})
	if err != nil || len(got.LeftOut) != 1 || !strings.Contains(got.LeftOut[0].Reason, "another key") || asked {
		t.Errorf("left out %v, %v; asked: %v", got.LeftOut, err, asked)
	}
}

// A page that breaks off is asked for again from its last whole line, in each of the ways
// in which it can break off; what came is not asked for twice.
func TestBrokenPagesGoOn(t *testing.T) {
	const all = 40
	asked := 0
	to := farEnd(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Content-Type", results.PageType)
		sent := 0
		for i := range all {
			key := keyOf("ACME", runID(i))
			if key <= r.URL.Query().Get(results.ParameterAfter) {
				continue
			}
			if sent++; sent > 9 {
				w.(http.Flusher).Flush()
				switch asked % 4 {
				case 0:
					panic(http.ErrAbortHandler) // the stream is reset
				case 1:
					_, _ = w.Write([]byte(`{"key":"` + key[:20])) // in the middle of a line
					return
				case 2:
					return // between two lines
				default:
					say(t, w, results.Line{Next: keyOf("ACME", runID(i-1))})
					return
				}
			}
			say(t, w, results.Line{Key: key, Result: run(t, runID(i), "ACME", monday)})
		}
		say(t, w, results.Line{End: true})
	})
	got, err := mergedFrom(t, t.Context(), Source{Invite: to})
	if err != nil || got.Runs != all || len(got.LeftOut) > 0 || got.Places[0].Read != all {
		t.Errorf("%d runs, %+v, %v, %v", got.Runs, got.Places, got.LeftOut, err)
	}
}

// If a page never becomes complete, reading is given up; what came is kept, and the report
// says so.
func TestBrokenForGood(t *testing.T) {
	to := farEnd(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", results.PageType)
		if r.URL.Query().Get(results.ParameterAfter) == "" {
			say(t, w, results.Line{Key: keyOf("ACME", runID(1)), Result: run(t, runID(1), "ACME", monday)})
		}
	})
	got, err := mergedFrom(t, t.Context(), Source{Invite: to, pause: time.Millisecond})
	if err != nil || got.Runs != 1 || len(got.LeftOut) != 1 || !strings.Contains(got.LeftOut[0].Reason, "broke off after 1 results") {
		t.Errorf("%d runs, %v, %v", got.Runs, got.LeftOut, err)
	}
}

// Ctrl-C ends the reading at once, also of a far end that says nothing.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	to := farEnd(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", results.PageType)
		say(t, w, results.Line{Key: keyOf("ACME", runID(1)), Result: run(t, runID(1), "ACME", monday)})
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	})
	if _, err := mergedFrom(t, ctx, Source{Invite: to}); err == nil {
		t.Error("an interrupted merge wrote its files")
	}
}
