//go:build system

package page

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"netready/internal/need"
	"netready/report"
	"netready/report/html"
)

// browse runs one scenario of browsertest/page.mjs in Chromium.
func browse(tb testing.TB, scenario string, s *Server, more map[string]string) string {
	tb.Helper()
	node := need.Tool(tb, "node")
	chromium := need.Tool(tb, "chromium", "chromium-browser", "google-chrome")
	needPackage(tb, "playwright-core")
	given := map[string]string{"url": s.URL(), "dir": s.cfg.Dir, "chromium": chromium, "downloads": tb.TempDir()}
	maps.Copy(given, more)
	settings, err := json.Marshal(given)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "page.mjs", scenario, string(settings))
	cmd.Dir = "browsertest"
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", scenario, err, out)
	}
	return string(out)
}

// needPackage wants one of the packages of browsertest.
func needPackage(tb testing.TB, name string) {
	tb.Helper()
	if _, err := os.Stat("browsertest/node_modules/" + name); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		tb.Fatal("browsertest/node_modules/" + name + " is missing: make tools installs it")
	}
	tb.Skip("browsertest/node_modules/" + name + " is missing: make tools installs it")
}

func TestBrowser(t *testing.T) {
	quick, slow := 20*time.Millisecond, 150*time.Millisecond
	secret := inviteTo("responder.example.net:443", "SECRETSECRET")
	for _, test := range []struct {
		scenario string
		script   *script
		cfg      Config
	}{
		{"whole", &script{pace: quick}, Config{}},
		{"launched", &script{pace: quick}, Config{}},
		{"stop", &script{pace: slow}, Config{}},
		{"waiting", &script{pace: slow, waits: 20}, Config{}},
		{"dying", &script{pace: quick, dies: 14}, Config{}},
		{"failing", &script{fails: fmt.Sprintf("the invite %v was refused", secret)}, Config{Invite: secret}},
		{"tabs", &script{pace: slow}, Config{}},
		{"crowd", &script{pace: slow}, Config{}},
		{"reload", &script{pace: slow}, Config{}},
		{"keyboard", &script{pace: quick}, Config{}},
		{"hostile", &script{pace: quick, bad: true}, Config{}},
		{"accessible", &script{pace: slow, bad: true}, Config{}},
		{"remembered", &script{pace: quick}, Config{}},
		{"still", &script{pace: slow}, Config{}},
		{"invented", &script{pace: slow / 2}, Config{Formats: map[string]Format{"html": {Kind: "text/html; charset=utf-8", Write: html.Write}, "xlsx": {Write: func(w io.Writer, _ report.Report) error {
			_, err := io.WriteString(w, "PK")
			return err
		}}}}},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			test.cfg.Dir, test.cfg.Remember = t.TempDir(), filepath.Join(t.TempDir(), "page.json")
			test.script.dir = test.cfg.Dir
			test.cfg.Run = test.script.run
			test.cfg.Measure = func(context.Context) (map[string]float64, error) {
				return map[string]float64{"eu-central-1": 21.3, "us-east-1": 94}, nil
			}
			s := serve(t, test.cfg)
			launch, err := s.Launch()
			if err != nil {
				t.Fatal(err)
			}
			defer launch.Close()
			t.Log(browse(t, test.scenario, s, map[string]string{"launch": launch.URL()}))
		})
	}
}

// TestListOfResults: the list had no filter and no order, Compare was below two hundred
// results, and a colleague's file could not be opened.
func TestListOfResults(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	for n := range int64(40) {
		s := script{dir: dir, bad: n%3 == 0}
		r := s.result(n, Options{Region: "eu-central-1", Organization: "Example Ltd", Location: "Hamburg", Duration: 5 * time.Second, Calls: 1})
		r.Machine.Hostname = fmt.Sprintf("WAREHOUSE-%d", n)
		if err := save(dir, judged(r)); err != nil {
			t.Fatal(err)
		}
	}
	js, _ := both(t)
	files := map[string]string{"colleague": filepath.Join(elsewhere, "colleague.json"), "wrong": filepath.Join(elsewhere, "empty.txt")}
	for name, text := range map[string][]byte{"colleague": js, "wrong": nil} {
		if err := os.WriteFile(files[name], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, Config{Dir: dir, Run: (&script{dir: dir}).run})
	t.Log(browse(t, "list", s, files))
}

// TestPageAndServerPart: the server ends by itself when its page was closed, and
// a page says so when its server has ended.
func TestPageAndServerPart(t *testing.T) {
	sc := &script{dir: t.TempDir(), pace: time.Millisecond}
	start := func(idle time.Duration) (s *Server, ended chan error, end func()) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		s, err := Listen(ctx, Config{Dir: sc.dir, Run: sc.run, Regions: someRegions(), Idle: idle})
		if err != nil {
			t.Fatal(err)
		}
		ended = make(chan error, 1)
		go func() { ended <- s.Serve(ctx) }()
		return s, ended, cancel
	}
	t.Run("closed", func(t *testing.T) {
		s, ended, end := start(500 * time.Millisecond)
		defer end()
		browse(t, "closed", s, nil)
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(2 * time.Minute):
			t.Error("the server goes on")
		}
	})
	t.Run("gone", func(t *testing.T) {
		s, ended, end := start(0)
		go func() { // as Ctrl-C, once the page is open
			for s.viewers.add(0) == 0 {
				time.Sleep(50 * time.Millisecond)
			}
			time.Sleep(time.Second)
			end()
		}()
		browse(t, "gone", s, nil)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestScreenshots makes pictures of every state in the folder that it is given.
func TestScreenshots(t *testing.T) {
	img := os.Getenv("NETREADY_SCREENSHOTS")
	if img == "" {
		t.Skip("make screenshots makes them")
	}
	for _, kind := range []struct {
		name string
		bad  bool
	}{{"ready", false}, {"not-ready", true}} {
		dir := t.TempDir()
		s := script{dir: dir, pace: 400 * time.Millisecond, bad: kind.bad}
		if kind.bad {
			others(t, dir)
		}
		// The folder's name is in the picture.
		server := serve(t, Config{Dir: dir, Run: s.run, Version: "v1.0.0", Measure: func(context.Context) (map[string]float64, error) { return nil, nil }})
		t.Log(browse(t, "screenshots", server, map[string]string{"img": img, "kind": kind.name}))
	}
}

// others saves results of other machines, of every verdict, to list and compare.
func others(t *testing.T, dir string) {
	t.Helper()
	for i, host := range []string{"WAREHOUSE-02", "RECEPTION-1", "CALLCENTRE-114"} {
		s := script{dir: dir, bad: i == 1}
		r := s.result(int64(-60+i), Options{Region: "eu-central-1", Organization: "Example Ltd", Location: "Hamburg", Duration: 20 * time.Second, Calls: 1})
		r.RunID, r.Machine.Hostname, r.Complete = ulid(int64(9000+i)), host, i != 0
		if err := save(dir, judged(r)); err != nil {
			t.Fatal(err)
		}
	}
}
