package main

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
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"netready/probe/call"
)

// running is a call that is under way.
func running(t *testing.T, p *program, length time.Duration) (done <-chan *call.Outcome) {
	t.Helper()
	session, err := call.Open(t.Context(), parsed(t, strings.TrimSpace(p.invite)), call.Settings{Duration: length})
	if err != nil {
		t.Fatal(err)
	}
	began, end := make(chan struct{}), make(chan *call.Outcome, 1)
	go func() {
		live := false
		o, _ := session.Run(context.WithoutCancel(t.Context()), call.Plan{Live: func(call.Live) {
			if !live {
				live = true
				close(began)
			}
		}})
		_ = session.Close()
		end <- o
	}()
	select {
	case <-began:
	case <-time.After(20 * time.Second):
		t.Fatal("the call does not begin")
	}
	return end
}

// A responder that is told to end during a call lets the call finish, refuses new ones with
// the time to ask again, says so to its load balancer, and ends with status 0.
func TestDrainLetsCallsFinish(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM there")
	}
	p := begin(t, "--data", filepath.Join(t.TempDir(), "d"), "--metrics", "127.0.0.1:0", "--drain", "30s")
	status := statusOf(t, p)
	if code, text := get(t, status+"/readyz"); code != http.StatusOK || text != "ready\n" {
		t.Errorf("before: %d %q", code, text)
	}
	done := running(t, p, 4*time.Second)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.told(t, "draining")
	_, err := call.Open(t.Context(), parsed(t, strings.TrimSpace(p.invite)), call.Settings{Duration: time.Second})
	if busy, ok := errors.AsType[*call.Busy](err); !ok || !busy.Draining || busy.After <= 0 {
		t.Errorf("a new call while it drains: %v, want to be told to go elsewhere", err)
	}
	if code, text := get(t, status+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "draining") {
		t.Errorf("while it drains: %d %q", code, text)
	}
	if code, _ := get(t, status+"/healthz"); code != http.StatusOK {
		t.Errorf("health while it drains: %d", code)
	}
	if _, text := get(t, status+"/metrics"); !strings.Contains(text, `netready_responder_refused_total{code="draining"} 1`) {
		t.Errorf("the refused call is not counted: %s", text)
	}
	o := <-done
	if o == nil || !o.Complete || len(o.Calls) != 1 || len(o.Calls[0].Up.Arrivals) < 190 || len(o.Calls[0].Down.Arrivals) < 190 {
		t.Errorf("the call under way: %+v", o)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("the end: %v; %s", err, p.stderr)
	}
}

// Draining takes a limited time, and the agent is told when it is over.
func TestDrainIsBounded(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM there")
	}
	p := begin(t, "--data", filepath.Join(t.TempDir(), "d"), "--drain", "1s")
	done := running(t, p, 60*time.Second)
	if status := p.end(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if o := <-done; o == nil || o.Complete {
		t.Errorf("the call of a minute: %+v, want it to be incomplete", o)
	}
	p.told(t, "the time to drain is over")
}

var addressOf = regexp.MustCompile(`address="?(127\.0\.0\.1:[0-9]+)`)

// statusOf is where a program serves its metrics.
func statusOf(t *testing.T, p *program) string {
	t.Helper()
	p.told(t, "metrics and health")
	m := addressOf.FindStringSubmatch(p.stderr.String())
	if m == nil {
		t.Fatalf("no address in %s", p.stderr)
	}
	return "http://" + m[1]
}

func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// The metrics count what a call did.
func TestMetricsCountACall(t *testing.T) {
	p := begin(t, "--data", filepath.Join(t.TempDir(), "d"), "--metrics", "127.0.0.1:0")
	<-running(t, p, 2*time.Second)
	_, text := get(t, statusOf(t, p)+"/metrics")
	value := func(name string) (v float64) {
		t.Helper()
		for line := range strings.Lines(text) {
			if _, err := fmt.Sscanf(line, "netready_responder_"+name+" %g", &v); err == nil {
				return v
			}
		}
		t.Errorf("no %s in %s", name, text)
		return 0
	}
	if value("granted_total") != 1 || value("sent_total") < 90 || value("received_total") < 100 || value("packet_rate_limit") < 1000 { // less than what is set, on a busy machine
		t.Errorf("after a call of 100 packets each way: %s", text)
	}
	for _, name := range []string{"send_lateness_p99_seconds", "handover_p99_seconds", "dropped_total", "sessions", "calls"} { // of now, or of the last seconds
		if value(name) < 0 {
			t.Errorf("%s is %g", name, value(name))
		}
	}
	if strings.Contains(text, parsed(t, strings.TrimSpace(p.invite)).Token) {
		t.Error("the metrics show the token")
	}
}

// With log: json the log has lines of JSON, and it never contains a secret of the invite.
func TestLogInJSON(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	p := begin(t, "--data", data, "--log", "json", "--verbose", "--metrics", "127.0.0.1:0")
	to := parsed(t, strings.TrimSpace(p.invite))
	<-running(t, p, 2*time.Second)
	wrong := to
	wrong.Token = strings.Repeat("x", len(to.Token))
	if _, err := call.Open(t.Context(), wrong, call.Settings{}); !errors.Is(err, call.ErrToken) {
		t.Errorf("a wrong token: %v", err)
	}
	p.end(t)
	seen := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(p.stderr.String()))
	for lines.Scan() {
		var line struct{ Time, Level, Msg string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Level == "" || line.Time == "" {
			t.Errorf("%q: %v", lines.Text(), err)
		}
		seen[line.Msg] = true
	}
	for _, want := range []string{"metrics and health", "session", "a request without a good token", "draining: no new sessions"} {
		if !seen[want] {
			t.Errorf("no line %q in %v", want, seen)
		}
	}
	for _, secret := range []string{to.Token, wrong.Token} {
		if strings.Contains(p.stderr.String(), secret) {
			t.Error("the log shows a token")
		}
	}
}

// Every setting of the file is a flag, a flag overrides the file, and an error names the
// line.
func TestSettingsFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "responder.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# ours\nadvertise: voice.example.com:443\nregion: test-7\nmax_calls: 2\nmax_duration: 90s\ndrain: 5s\nlog: json\n")
	p := begin(t, "--data", filepath.Join(dir, "d"), "--config", file, "--max-calls", "3")
	if to := parsed(t, strings.TrimSpace(p.invite)); to.Host != "voice.example.com:443" {
		t.Errorf("the invite is for %s", to.Host)
	}
	if runtime.GOOS != "windows" {
		write("media: \":1\"\nmax_calls: 7\n")
		if err := p.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		p.told(t, "need a restart")
		p.told(t, `"changes":"other limits"`) // the length of a call
	}
	for text, says := range map[string][]string{
		"max_cals: 2":                  {"line 2", "max_cals", "max_calls"},
		"max_calls: many":              {"line 2", "many", "whole number"},
		"max_calls: 0":                 {"line 2", "max_calls 0", "1 or more"},
		"max_duration: 30":             {"line 2", "unit"},
		"max_duration: 1ms":            {"line 2", "max_duration 1ms"},
		"drain: 3h":                    {"line 2", "drain 3h0m0s"},
		"log: xml":                     {"line 2", "log", "text or json"},
		"metrics: nonsense":            {"line 2", "metrics", "ADDRESS:PORT"},
		"advertise_media: host":        {"line 2", "advertise_media"},
		"acme: localhost":              {"line 2", "acme", "voice.example.com"},
		"acme_email: a@example.com":    {"--acme"},
		"tls_key: k.pem":               {"line 2", "--tls-cert"},
		"config: other.yaml":           {"line 2", "config"},
		"max_calls: 1\nmax_calls: 2":   {"line 3", "twice"},
		"max_calls: [1]":               {"line 2", "whole number"},
		"acme_directory: http://a.b/c": {"acme"},
	} {
		write("# ours\n" + text + "\n")
		c, stderr := command(t, "--control", "127.0.0.1:0", "--media", "127.0.0.1:0", "--ports", "none", "--data", filepath.Join(dir, "d2"), "--config", file)
		if err := c.Run(); err == nil || c.ProcessState.ExitCode() != 2 || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: %v, %s", text, err, stderr)
		}
		for _, s := range says {
			if !strings.Contains(stderr.String(), s) {
				t.Errorf("%s: it says %s, want %q in it", text, stderr, s)
			}
		}
	}
}

// A region that the built-in list does not have may be one of a list that agents have, so it
// only warns.
func TestUnknownRegion(t *testing.T) {
	p := begin(t, "--data", filepath.Join(t.TempDir(), "d"), "--region", "eu-centrl-1")
	p.told(t, "not have this region")
	p.told(t, "eu-central-1 (Europe (Frankfurt))")
	p = begin(t, "--data", filepath.Join(t.TempDir(), "d"), "--region", "EU-central-1")
	p.told(t, "results are signed")
	if strings.Contains(p.stderr.String(), "this region") {
		t.Errorf("it says %s", p.stderr)
	}
}
