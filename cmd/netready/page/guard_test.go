package page

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"netready/probe"
	"netready/report"
)

// request is one request to the page, as a browser or an attacker makes it.
type request struct {
	method, path, host, origin, fetchSite, cookie, body string
	noToken                                             bool
}

func (q request) do(t *testing.T, s *Server) (*http.Response, string) {
	t.Helper()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	target := "http://" + u.Host + q.path
	if !q.noToken {
		target = "http://" + u.Host + "/" + u.Query().Get("token") + q.path
	}
	req, err := http.NewRequestWithContext(t.Context(), q.method, target, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	if q.host != "" {
		req.Host = q.host
	}
	if q.origin != "" {
		req.Header.Set("Origin", strings.ReplaceAll(q.origin, "SELF", "http://"+u.Host))
	}
	if q.fetchSite != "" {
		req.Header.Set("Sec-Fetch-Site", q.fetchSite)
		req.Header.Set("Sec-Fetch-Mode", "no-cors")
	}
	if q.cookie != "" {
		req.AddCookie(&http.Cookie{Name: "netready_" + u.Port(), Value: q.cookie})
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func quickScript(tb testing.TB) (*script, Config) {
	tb.Helper()
	s := &script{dir: tb.TempDir(), pace: time.Millisecond}
	return s, Config{Dir: s.dir, Run: s.run, Remember: filepath.Join(tb.TempDir(), "sub", "page.json")}
}

const validStart = `{"region":"local","duration_s":1,"calls":1}`

func TestGuard(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	right, wrong := s.guard.secret, strings.Repeat("A", len(s.guard.secret))
	for _, test := range []struct {
		name string
		req  request
		want int
	}{
		{"own page", request{method: "GET", path: "/"}, 200},
		{"no token", request{method: "GET", path: "/", noToken: true}, 403},
		{"wrong token in the address", request{method: "GET", path: "/?token=" + wrong, noToken: true}, 403},
		{"empty token in the address", request{method: "GET", path: "/?token=", noToken: true}, 403},
		{"right token as a cookie, which every port gets", request{method: "GET", path: "/", noToken: true, cookie: right}, 403},
		{"right token as a cookie for the interface", request{method: "GET", path: "/api/results", noToken: true, cookie: right}, 403},
		{"wrong token in the path", request{method: "GET", path: "/" + wrong + "/", noToken: true}, 403},
		{"a part of the token in the path", request{method: "GET", path: "/" + right[:20] + "/", noToken: true}, 403},
		{"empty first part", request{method: "GET", path: "//api/results", noToken: true}, 403},
		{"token behind the path", request{method: "GET", path: "/api/results/" + right, noToken: true}, 403},
		{"a program adds the token to each address", request{method: "GET", path: "/api/results?token=" + right, noToken: true}, 200},
		{"icon before the page names its own", request{method: "GET", path: "/favicon.ico", noToken: true}, 204},
		{"asset without token", request{method: "GET", path: "/assets/page.js", noToken: true}, 403},
		{"results without token", request{method: "GET", path: "/api/results", noToken: true}, 403},
		{"events without token", request{method: "GET", path: "/api/events", noToken: true}, 403},
		{"unknown path without token", request{method: "GET", path: "/nothing", noToken: true}, 403},
		{"rebinding", request{method: "GET", path: "/", host: "evil.example"}, 403},
		{"rebinding with the right port", request{method: "GET", path: "/", host: "evil.example:" + port(s)}, 403},
		{"other port of this host", request{method: "GET", path: "/", host: "127.0.0.1:1"}, 403},
		{"localhost", request{method: "GET", path: "/", host: "localhost:" + port(s)}, 200},
		{"no port", request{method: "GET", path: "/", host: "127.0.0.1"}, 403},
		{"foreign origin reads", request{method: "GET", path: "/api/results", origin: "http://evil.example"}, 403},
		{"foreign origin starts", request{method: "POST", path: "/api/start", origin: "http://evil.example", body: validStart}, 403},
		{"other port starts", request{method: "POST", path: "/api/start", origin: "http://127.0.0.1:1", body: validStart}, 403},
		{"null origin starts", request{method: "POST", path: "/api/start", origin: "null", body: validStart}, 403},
		{"no origin starts", request{method: "POST", path: "/api/start", body: validStart}, 403},
		{"foreign origin stops", request{method: "POST", path: "/api/stop", origin: "http://evil.example"}, 403},
		{"no origin stops", request{method: "POST", path: "/api/stop"}, 403},
		{"page of another port embeds", request{method: "GET", path: "/assets/page.js", fetchSite: "same-site"}, 403},
		{"other site embeds", request{method: "GET", path: "/assets/page.js", fetchSite: "cross-site"}, 403},
		{"start by GET", request{method: "GET", path: "/api/start"}, 405},
		{"preflight", request{method: "OPTIONS", path: "/api/start", origin: "http://evil.example"}, 403},
		{"own origin stops", request{method: "POST", path: "/api/stop", origin: "SELF"}, 200},
		{"own origin starts", request{method: "POST", path: "/api/start", origin: "SELF", body: validStart}, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, body := test.req.do(t, s)
			if resp.StatusCode != test.want {
				t.Errorf("got status %d (%s), want %d", resp.StatusCode, body, test.want)
			}
			if strings.Contains(body, right) {
				t.Error("the token is in the answer")
			}
			for header := range resp.Header {
				if strings.HasPrefix(header, "Access-Control-") {
					t.Errorf("CORS header %s", header)
				}
			}
			for header, want := range map[string]string{
				"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			} {
				if got := resp.Header.Get(header); got != want {
					t.Errorf("%s: got %q, want %q", header, got, want)
				}
			}
		})
	}
}

func port(s *Server) string {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	return port
}

// TestNoSecretForOtherPorts: the token was a cookie, which a browser sends to
// every port of 127.0.0.1, so to a program of any other user of the computer.
func TestNoSecretForOtherPorts(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	get := func(address string) (*http.Response, string) {
		t.Helper()
		resp, err := client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	var seen []string // what the program on another port gets
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		_ = r.Write(&b)
		seen = append(seen, b.String())
	}))
	defer other.Close()
	for range 3 { // the owner's address works as often as he opens it
		resp, page := get(s.URL())
		if resp.StatusCode != 200 || !strings.Contains(page, "<main") {
			t.Fatalf("got status %d", resp.StatusCode)
		}
		if resp, _ := get(resp.Request.URL.JoinPath("api/results").String()); resp.StatusCode != 200 {
			t.Errorf("beside the page: status %d", resp.StatusCode)
		}
		get(other.URL)
	}
	for _, request := range seen {
		if strings.Contains(request, s.guard.secret) || strings.Contains(request, "Cookie") {
			t.Errorf("another port got %q", request)
		}
	}
}

// TestLaunchFile: the address with the token stood in the browser's command
// line, which every user of the computer can read.
func TestLaunchFile(t *testing.T) {
	_, cfg := quickScript(t)
	cfg.Dir = filepath.Join(cfg.Dir, "with space, ü & 50%")
	if err := os.Mkdir(cfg.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := serve(t, cfg)
	launch, err := s.Launch()
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(launch.URL())
	if err != nil || address.Scheme != "file" || address.RawQuery != "" || address.Fragment != "" {
		t.Fatalf("got %s, %v", launch.URL(), err)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{launch.path: 0o600, filepath.Dir(launch.path): 0o700} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: mode %v, %v; want %v", path, info.Mode(), err, want)
			}
		}
	}
	text, err := os.ReadFile(launch.path)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`http-equiv="refresh" content="0; url=([^"]+)"`).FindStringSubmatch(string(text))
	if len(found) != 2 || strings.Contains(string(text), s.guard.secret) {
		t.Fatalf("got %s", text)
	}
	for visit, want := range []int{200, 403} {
		resp, err := http.Get(html.UnescapeString(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("visit %d: status %d, want %d", visit, resp.StatusCode, want)
		}
		if _, err := os.Stat(filepath.Dir(launch.path)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file stays after its use: %v", err)
		}
	}
	unused, err := s.Launch()
	if err != nil {
		t.Fatal(err)
	}
	unused.Close()
	if left, err := os.ReadDir(cfg.Dir); err != nil || len(left) != 0 {
		t.Errorf("an unused one leaves %v, %v", left, err)
	}
}

// TestContentPolicy reads the policy as a browser does: one style by its hash,
// the one in the page, and nothing else inline.
func TestContentPolicy(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	resp, body := request{method: "GET", path: "/"}.do(t, s)
	policy := map[string]string{}
	for part := range strings.SplitSeq(resp.Header.Get("Content-Security-Policy"), ";") {
		name, sources, _ := strings.Cut(strings.TrimSpace(part), " ")
		policy[name] = sources
	}
	styles := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(body, -1)
	if len(styles) != 2 || styles[0][1] != frameStyle || styles[1][1] != viewStyle {
		t.Fatalf("got %d styles, want two, the frame's and the views'", len(styles))
	}
	scripts := regexp.MustCompile(`(?s)<script[^>]*>(.*?)</script>`).FindAllStringSubmatch(body, -1)
	if len(scripts) != 1 || scripts[0][1] != start {
		t.Fatalf("got %d scripts, want one, the embedded one", len(scripts))
	}
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "script-src": "'self' " + hash(scripts[0][1]), "style-src": hash(styles[0][1]) + " " + hash(styles[1][1]),
		"img-src": "'self'", "connect-src": "'self'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
	} {
		if policy[name] != want {
			t.Errorf("%s: got %q, want %q", name, policy[name], want)
		}
		delete(policy, name)
	}
	for name, sources := range policy {
		t.Errorf("more than was looked at: %s %s", name, sources)
	}
	for _, inline := range []string{" style=", " onclick=", " onload=", "javascript:"} {
		if strings.Contains(body, inline) {
			t.Errorf("%q is in the page, which the policy forbids", inline)
		}
	}
}

func TestLoopbackOnly(t *testing.T) {
	for _, test := range []struct {
		listen string
		ok     bool
	}{
		{"127.0.0.1:0", true},
		{"[::1]:0", true},
		{"localhost:0", true},
		{"127.8.9.1:0", true},
		{":8080", false},
		{"0.0.0.0:0", false},
		{"[::]:0", false},
		{"192.0.2.1:80", false},
		{"example.com:80", false},
		{"127.0.0.1", false},
		{"", true},
	} {
		t.Run(test.listen, func(t *testing.T) {
			s, err := Listen(t.Context(), Config{Listen: test.listen})
			if err == nil {
				s.listener.Close()
			}
			if test.listen == "[::1]:0" && err != nil && !strings.Contains(err.Error(), "loopback") {
				t.Skip("no IPv6 here")
			}
			if (err == nil) != test.ok {
				t.Errorf("got error %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), "127.0.0.1:0") {
				t.Errorf("the error does not say what to write: %v", err)
			}
		})
	}
}

func TestDownloadsStayInFolder(t *testing.T) {
	sc, cfg := quickScript(t)
	outside := filepath.Join(filepath.Dir(sc.dir), "outside.txt")
	if err := os.WriteFile(outside, []byte("SECRET"), 0o600); err != nil {
		t.Fatal(err)
	}
	rep := judged(sc.result(1, Options{Region: "local", Duration: time.Second, Calls: 1}))
	if err := save(sc.dir, rep); err != nil {
		t.Fatal(err)
	}
	// A result whose text is a link out of the folder.
	linked := rep
	linked.RunID = ulid(2)
	if err := save(sc.dir, linked); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(sc.dir, "netready_"+linked.RunID[18:]+".txt")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, link); err != nil {
		t.Skip(err)
	}
	s := serve(t, cfg)
	for _, path := range []string{
		"/api/results/../outside.txt", "/api/results/..%2Foutside/txt", "/api/results/..%2F..%2F..%2Fetc%2Fpasswd/txt", "/api/results/%2E%2E/txt",
		"/api/results/" + rep.RunID + "/..%2Foutside.txt", "/api/results/" + rep.RunID + "%00/txt", "/api/results/" + linked.RunID + "/txt",
		"/assets/..%2Fpage.go", "/assets/../page.go", "/assets/index.html", "/api/results/" + rep.RunID + "/passwd", "/api/compare?id=..%2Foutside&id=" + rep.RunID,
	} {
		resp, body := request{method: "GET", path: path}.do(t, s)
		if resp.StatusCode < 400 || strings.Contains(body, "SECRET") || strings.Contains(body, "root:") {
			t.Errorf("%s: got status %d: %.80s", path, resp.StatusCode, body)
		}
	}
	resp, body := request{method: "GET", path: "/api/results/" + rep.RunID + "/txt"}.do(t, s)
	want, err := os.ReadFile(filepath.Join(sc.dir, "netready_"+rep.RunID[18:]+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || body != string(want) {
		t.Errorf("got status %d and %q, want the file's bytes %q", resp.StatusCode, body, want)
	}
	if got := resp.Header.Get("Content-Disposition"); !strings.Contains(got, "netready_"+rep.RunID[18:]+".txt") {
		t.Errorf("got Content-Disposition %q", got)
	}
}

// TestInviteWithoutAddress: a word was answered with the environment variable
// that a command line would have read.
func TestInviteWithoutAddress(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	for invite, want := range map[string]string{"hello": "paste the invite itself", "host.example:443": "paste the invite itself", "https://x:1": "the invite"} {
		_, body := request{method: "POST", path: "/api/start", origin: "SELF", body: `{"region":"eu-west-2","duration_s":30,"calls":1,"invite":"` + invite + `"}`}.do(t, s)
		if !strings.Contains(body, want) {
			t.Errorf("%s: got %s, want %q in it", invite, body, want)
		}
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	for _, test := range []struct{ name, body, field string }{
		{"no region", `{"duration_s":30,"calls":1}`, "region"},
		{"unknown region", `{"region":"moon-1","duration_s":30,"calls":1}`, "region"},
		{"no length", `{"region":"local","calls":1}`, "duration"},
		{"negative length", `{"region":"local","duration_s":-5,"calls":1}`, "duration"},
		{"huge length", `{"region":"local","duration_s":99999,"calls":1}`, "duration"},
		{"no calls", `{"region":"local","duration_s":30}`, "calls"},
		{"many calls", `{"region":"local","duration_s":30,"calls":100000}`, "calls"},
		{"endless name", `{"region":"local","duration_s":30,"calls":1,"organization":"` + strings.Repeat("A", maxText+1) + `"}`, "organization"},
		{"a file for an invite", `{"region":"eu-west-2","duration_s":30,"calls":1,"invite":" @/etc/passwd"}`, "invite"},
		{"stdin for an invite", `{"region":"eu-west-2","duration_s":30,"calls":1,"invite":"-"}`, "invite"},
		{"no invite at all", `{"region":"eu-west-2","duration_s":30,"calls":1,"invite":"hello"}`, "invite"},
		{"no JSON", `region=local`, ""},
		{"too much", `{"region":"` + strings.Repeat("A", maxBody) + `"}`, ""},
		{"fraction", `{"region":"local","duration_s":1.5,"calls":1}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, body := request{method: "POST", path: "/api/start", origin: "SELF", body: test.body}.do(t, s)
			var got struct {
				Field string `json:"field"`
				Error string `json:"error"`
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != 400 || got.Field != test.field || got.Error == "" {
				t.Errorf("got status %d, %+v; want 400 and field %q", resp.StatusCode, got, test.field)
			}
		})
	}
}

// A test as long as it takes needs no length, and is remembered as such.
func TestAsLongAsItTakes(t *testing.T) {
	_, cfg := quickScript(t)
	asked := make(chan Options, 1)
	run := cfg.Run
	cfg.Run = func(ctx context.Context, o Options, p func(probe.Event)) (report.Report, error) {
		asked <- o
		return run(ctx, o, p)
	}
	cfg.Remember = filepath.Join(t.TempDir(), "page.json")
	s := serve(t, cfg)
	if resp, body := (request{method: "POST", path: "/api/start", origin: "SELF", body: `{"region":"local","auto":true,"calls":1}`}).do(t, s); resp.StatusCode != 200 {
		t.Fatalf("%d: %s", resp.StatusCode, body)
	}
	if o := <-asked; !o.Auto || o.Duration != AutoAtMost {
		t.Errorf("asked for %+v", o)
	}
	if f := s.memory.load(); !f.Auto || f.DurationS != defaultForm().DurationS {
		t.Errorf("remembered %+v", f)
	}
}
