package page

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"netready/probe"
	"netready/report"
)

// watch reads the page's stream until ok likes a state.
func watch(t *testing.T, s *Server, ok func(state) bool) state {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.Replace(s.URL(), "/?", "/api/events?", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		var now state
		if err := json.Unmarshal([]byte(text), &now); err != nil {
			t.Fatal(err)
		}
		if ok(now) {
			return now
		}
	}
	t.Fatalf("the stream ended: %v", lines.Err())
	return state{}
}

func over(s state) bool { return s.Phase == phaseDone || s.Phase == phaseFailed }

func post(t *testing.T, s *Server, path, body string) {
	t.Helper()
	if resp, text := (request{method: "POST", path: path, origin: "SELF", body: body}).do(t, s); resp.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: status %d: %s", path, resp.StatusCode, text)
	}
}

func TestRunFromStartToResult(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	post(t, s, "/api/start", `{"region":"eu-central-1","organization":"Example Ltd","duration_s":5,"calls":1}`)
	got := watch(t, s, over)
	if got.Result != ulid(1) || got.Done != 1 || got.Run != 1 || len(got.Live) != 5 {
		t.Errorf("got %+v", got)
	}
	_, list := request{method: "GET", path: "/api/results"}.do(t, s)
	var entries []entry
	if err := json.Unmarshal([]byte(list), &entries); err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].ID != got.Result || entries[0].Organization != "Example Ltd" {
		t.Errorf("got list %s", list)
	}
	_, row := request{method: "GET", path: "/api/results/" + got.Result + "/row"}.do(t, s)
	var clip struct {
		Text string `json:"text"`
		HTML string `json:"html"`
	}
	if err := json.Unmarshal([]byte(row), &clip); err != nil {
		t.Fatal(err)
	}
	if clip.Text != got.Result+"\tExample Ltd" || !strings.Contains(clip.HTML, ">Example Ltd</td>") {
		t.Errorf("got row %q and table %q", clip.Text, clip.HTML)
	}
	for form, want := range map[string]string{"view": `aria-label="VOIP"`, "html": "<!doctype html>", "json": got.Result, "txt": "ROW FOR"} {
		resp, body := request{method: "GET", path: "/api/results/" + got.Result + "/" + form}.do(t, s)
		if resp.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, want %q in %.80q", form, resp.StatusCode, want, body)
		}
	}
}

func TestStopKeepsWhatThereIs(t *testing.T) {
	sc, cfg := quickScript(t)
	sc.pace = 50 * time.Millisecond
	s := serve(t, cfg)
	post(t, s, "/api/start", `{"region":"local","duration_s":600,"calls":1}`)
	if resp, _ := (request{method: "POST", path: "/api/start", origin: "SELF", body: validStart}).do(t, s); resp.StatusCode != http.StatusConflict {
		t.Errorf("a second start: got status %d, want %d", resp.StatusCode, http.StatusConflict)
	}
	watch(t, s, func(now state) bool { return len(now.Live) > 2 })
	post(t, s, "/api/stop", "")
	got := watch(t, s, over)
	rep, err := s.folder.report(got.Result)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Complete || len(rep.Voice.Timeline) < 3 {
		t.Errorf("got complete %v with %d seconds", rep.Complete, len(rep.Voice.Timeline))
	}
}

// TestManyPagesLeaveConnectionsFree: a browser's sixth tab took its last
// connection to the server, and from then on no tab could start or stop.
func TestManyPagesLeaveConnectionsFree(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	open := func(ctx context.Context) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.Replace(s.URL(), "/?", "/api/events?", 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	first, leave := context.WithCancel(t.Context())
	for range streams {
		defer open(first).Body.Close()
	}
	late := open(t.Context())
	defer late.Body.Close()
	text, err := io.ReadAll(late.Body) // it ends, or the test runs into its time limit
	if err != nil || !strings.HasPrefix(string(text), "retry: 2000\ndata: {") {
		t.Errorf("got %q, %v; want the state, and when to ask again", text, err)
	}
	leave()
	for s.viewers.add(0) > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	post(t, s, "/api/start", validStart)
	watch(t, s, over) // with room again, a page gets a stream that goes on
}

func TestServerEndsWithRunInProgress(t *testing.T) {
	sc, cfg := quickScript(t)
	sc.pace = 50 * time.Millisecond
	cfg.Regions = someRegions()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Listen(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx) }()
	post(t, s, "/api/start", `{"region":"local","duration_s":600,"calls":1}`)
	watch(t, s, func(now state) bool { return len(now.Live) > 0 })
	cancel() // Ctrl-C
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	entries, err := s.folder.list()
	if err != nil || len(entries) != 1 || entries[0].Complete {
		t.Errorf("got %+v, %v; want one result that is not complete", entries, err)
	}
}

// TestPageHearsOfTheEnd: an open page is told at once that the server ends, and not first
// about a result that it can no longer fetch.
func TestPageHearsOfTheEnd(t *testing.T) {
	for _, running := range []bool{false, true} {
		sc, cfg := quickScript(t)
		sc.pace = 50 * time.Millisecond
		cfg.Regions = someRegions()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, err := Listen(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(ctx) }()
		if running {
			post(t, s, "/api/start", `{"region":"local","duration_s":600,"calls":1}`)
			watch(t, s, func(now state) bool { return len(now.Live) > 0 })
		}
		resp, err := http.Get(strings.Replace(s.URL(), "/?", "/api/events?", 1))
		if err != nil {
			t.Fatal(err)
		}
		cancel() // Ctrl-C
		told, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.HasSuffix(string(told), "event: end\ndata: {}\n\n") || strings.Contains(string(told), `"phase":"`+phaseDone) {
			t.Errorf("running %v: the page heard %q, %v", running, told, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestInviteStaysSecret(t *testing.T) {
	to := inviteTo("far.example.net:8443", "TOKENTOKEN-OF-ENOUGH-CHARACTERS")
	invite := to.String()
	_, secrets, _ := strings.Cut(invite, "#")
	token, pin, _ := strings.Cut(secrets, ".")
	for _, test := range []struct{ name, given, typed string }{{"command line", invite, ""}, {"typed", "", invite}} {
		t.Run(test.name, func(t *testing.T) {
			sc, cfg := quickScript(t)
			var got string
			sc.fails = fmt.Sprintf("dialing %v: the token was refused", to)
			cfg.Invite = parsed(t, test.given)
			cfg.Run = func(ctx context.Context, o Options, p func(probe.Event)) (report.Report, error) {
				got = link(o)
				return sc.run(ctx, o, p)
			}
			s := serve(t, cfg)
			post(t, s, "/api/start", `{"region":"eu-west-2","duration_s":1,"calls":1,"invite":"  `+test.typed+`"}`)
			now := watch(t, s, over)
			if got != invite {
				t.Errorf("the run got %q", got)
			}
			_, page := request{method: "GET", path: "/"}.do(t, s)
			if strings.Contains(page, "far.example.net:8443") != (test.given != "") {
				t.Error("the page does not say which responder it knows, or knows one that has not worked")
			}
			if all := now.Error + page; strings.Contains(all, token) || strings.Contains(all, pin) {
				t.Errorf("the secret is shown: %s", now.Error)
			}
			kept, err := os.ReadFile(cfg.Remember)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(kept), "TOKENTOKEN") { // it has not worked
				t.Errorf("remembered: %s", kept)
			}
			info, err := os.Stat(cfg.Remember)
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("got mode %v, %v", info.Mode(), err)
			}
			post(t, s, "/api/start", validStart) // in local
			watch(t, s, func(now state) bool { return now.Run == 2 && over(now) })
			if got != test.given { // one of the last time does not count there
				t.Errorf("a run in region local got the invite %q, want %q", got, test.given)
			}
			post(t, s, "/api/forget", "")
			if kept, _ := os.ReadFile(cfg.Remember); strings.Contains(string(kept), "TOKENTOKEN") {
				t.Error("it is not forgotten")
			}
		})
	}
}

func TestMemorySurvivesDamage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.json")
	m := memory{file: file}
	for _, damaged := range []string{`{"region": 7`, `{"duration_s": -5, "calls": 99999}`, `{"duration_s": 3601, "calls": 0}`} {
		if err := os.WriteFile(file, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, want := m.load(), (form{DurationS: 30, Calls: 1}); got != want {
			t.Errorf("%s: got %+v, want %+v", damaged, got, want)
		}
	}
	want := form{Region: "local", Organization: "Ωμέγα\u202e", DurationS: 5, Calls: 3}
	if err := m.change(func(f *form) { *f = want }); err != nil {
		t.Fatal(err)
	}
	if got := m.load(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestFolderPassesOverWhatIsNoResult(t *testing.T) {
	sc, _ := quickScript(t)
	for name, text := range map[string]string{
		"a.json": "{", "b.json": `{"run_id":"../../etc/passwd"}`, "c.json": `[]`, "d.json": "", "e.txt": "x", "f.json": `{"run_id":"` + strings.ToLower(ulid(9)) + `"}`,
	} {
		if err := os.WriteFile(filepath.Join(sc.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(sc.dir, "g.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	for n := range int64(3) {
		if err := save(sc.dir, judged(sc.result(n, Options{Region: "local", Duration: time.Second, Calls: 1}))); err != nil {
			t.Fatal(err)
		}
	}
	found, err := filepath.Glob(filepath.Join(sc.dir, "*"+ulid(1)[len(ulid(1))-8:]+".json"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strings.TrimSuffix(found[0], ".json")+" (copy).json", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := (&folder{dir: sc.dir}).saved(ulid(1), ".txt"); err != nil {
		t.Errorf("a copy of a result hides its text: %v", err)
	}
	got, err := (&folder{dir: sc.dir}).list()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0].ID != ulid(2) || got[2].ID != ulid(0) {
		t.Errorf("got %+v, want three results, the newest first", got)
	}
	if got, err := (&folder{dir: filepath.Join(sc.dir, "none")}).list(); err != nil || got != nil {
		t.Errorf("a folder that is not there yet: got %v, %v", got, err)
	}
	if _, err := (&folder{dir: sc.dir}).report("nothing"); !errors.Is(err, errUnknown) {
		t.Errorf("got error %v, want errUnknown", err)
	}
}

func TestServerEndsAfterPageWasClosed(t *testing.T) {
	running := func(s *Server, on bool) {
		s.test.mu.Lock()
		defer s.test.mu.Unlock()
		s.test.cancel = nil
		if on {
			s.test.cancel = func() {}
		}
	}
	for _, test := range []struct {
		name string
		do   func(*Server)
		want time.Duration // about when it ends, by the server's start
	}{
		{"never opened", func(*Server) {}, 10 * time.Minute},
		{"opened and closed", func(s *Server) {
			time.Sleep(time.Minute)
			s.viewers.add(1)
			time.Sleep(time.Hour)
			s.viewers.add(-1)
		}, time.Hour + 3*time.Minute},
		{"reloaded", func(s *Server) {
			for range 5 {
				s.viewers.add(1)
				time.Sleep(time.Minute)
				s.viewers.add(-1)
				time.Sleep(time.Minute)
			}
		}, 11 * time.Minute},
		{"opened for a moment", func(s *Server) {
			time.Sleep(5 * time.Minute)
			s.viewers.add(1)
			s.viewers.add(-1)
		}, 7 * time.Minute},
		{"closed during a run", func(s *Server) {
			s.viewers.add(1)
			running(s, true)
			time.Sleep(time.Minute)
			s.viewers.add(-1)
			time.Sleep(30 * time.Minute)
			running(s, false)
		}, 33 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Server{cfg: Config{Idle: 2 * time.Minute, First: 10 * time.Minute}, test: newCurrentTest(nil)}
				start := time.Now()
				go test.do(s)
				s.waitUntilClosed(t.Context())
				if got := time.Since(start); got < test.want-time.Second || got > test.want+time.Second {
					t.Errorf("ended after %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestWholePageWeighsLittle(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	_, page := request{method: "GET", path: "/"}.do(t, s)
	total := len(page)
	for _, name := range []string{"start.js", "page.js", "server.js", "dom.js", "form.js", "run.js", "chart.js", "result.js", "previous.js", "icon.svg"} {
		resp, text := request{method: "GET", path: "/assets/" + name}.do(t, s)
		if resp.StatusCode != 200 || len(text) == 0 {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
		total += len(text)
	}
	const most = 100_000
	if total > most {
		t.Errorf("the page weighs %d bytes, at most %d were promised", total, most)
	}
	t.Logf("the page weighs %d bytes", total)
}
