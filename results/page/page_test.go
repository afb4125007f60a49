package page_test

import (
	"archive/zip"
	"bytes"
	"crypto/tls"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/xuri/excelize/v2"
	"gocloud.dev/blob/fileblob"

	"netready/internal/tablefile"
	"netready/probe/facts"
	"netready/probe/responder"
	"netready/probe/responder/tokens"
	"netready/report"
	"netready/report/parquet"
	"netready/report/workbook"
	"netready/results/page"
	"netready/results/store"
	"netready/thresholds"
)

var day = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// home is a responder with a store in a folder.
type home struct {
	*responder.Server
	store  *store.Store
	tokens *tokens.Store
	url    string
	log    *notes // of the store
	dir    string // of the store
}

// notes are what was logged.
type notes struct {
	mu   sync.Mutex // guards the rest
	text strings.Builder
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

func start(t *testing.T) home {
	t.Helper()
	h := home{log: &notes{}, dir: t.TempDir()}
	bucket, err := fileblob.OpenBucket(h.dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	h.store = store.New(bucket, store.Options{Log: slog.New(slog.NewTextHandler(h.log, nil))})
	if h.tokens, err = tokens.Open(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	c := responder.Local()
	c.Tokens = h.tokens
	c.Results = func(s *responder.Server) http.Handler {
		return h.page(s.HolderWith)
	}
	if h.Server, err = responder.Start(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	h.url = "https://" + h.Invite().Host
	return h
}

// page is the handler.
func (h home) page(holderWith func(*http.Request, string) (responder.Holder, bool)) http.Handler {
	return page.New(page.Config{
		Store: h.store, HolderWith: holderWith, Version: "test", Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return day.Add(20 * time.Hour) },
	})
}

// token makes one; "" as org reads those of all.
func (h home) token(t *testing.T, asked tokens.Token) (secret, id string) {
	t.Helper()
	secret, made, err := h.tokens.Make(asked, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return secret, made.ID
}

func reads(org string) tokens.Token {
	return tokens.Token{Org: org, AllOrgs: org == "", Right: tokens.Read}
}

// add stores a run of an organisation. Its host name and place begin with its name.
func (h home) add(t *testing.T, org string, n int) store.Stored {
	t.Helper()
	at := day.Add(time.Duration(n) * 17 * time.Minute)
	id := ulid.ULID{}
	_ = id.SetTime(uint64(at.UnixMilli()))
	copy(id[6:], fmt.Sprintf("%.2s%08d", org, n))
	lost := 0
	if n%3 == 0 {
		lost = n % 10
	}
	side := func() *facts.Direction {
		return thresholds.KeepLimits(&facts.Direction{
			Sent: 1500, Received: 1500 - 15*lost, Lost: 15 * lost, LossPercent: new(float64(lost)), JitterMS: new(1.25), Discarded: new(0), DiscardPercent: new(0.0),
			Reordered: new(0), InOrderPercent: new(100.0), MOS: new(4.3), MOSBasis: "pcmu",
		})
	}
	r := report.New(facts.Result{
		Schema: facts.SchemaVersion, RunID: id.String(), Tool: facts.Tool{Name: "netready", Version: "test"},
		StartedAt: at, FinishedAt: at.Add(30 * time.Second), Organization: org, Location: org + " hall " + fmt.Sprint(n%3),
		Machine: facts.Machine{Hostname: fmt.Sprintf("%s-pc-%d", strings.ToLower(org), n%5), OS: "linux"}, Region: facts.Region{ID: "eu-central-1"},
		Voice:    facts.Voice{Mode: facts.ModeResponder, Codec: "pcmu", Calls: 1, Up: side(), Down: side(), RTT: &facts.RTT{Source: "stun", Samples: 150, AvgMS: new(20.5)}},
		Firewall: []facts.PortRow{{Name: "HTTPS", Protocol: "tls", Status: facts.StatusPass, Required: true}},
		Complete: true,
	}, thresholds.Default())
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	stored, _, err := h.store.Put(t.Context(), org, b.Bytes(), r)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// A browser keeps cookies, as one does.
type browser struct {
	t      *testing.T
	client *http.Client
	url    string
}

func (h home) browser(t *testing.T) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return browser{t, &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute}, h.url}
}

func (b browser) do(method, path, token string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer, string(body)
}

func (b browser) get(path string) (*http.Response, string) { return b.do(http.MethodGet, path, "") }

func (b browser) enter(token string) int {
	answer, _ := b.do(http.MethodPost, "/results/session", token)
	return answer.StatusCode
}

const today = "?day=2026-11-25"

// A session is begun with a token that reads, and lasts as long as that is valid. Its
// cookie is not sent to scripts, other sites or over plain connections.
func TestSession(t *testing.T) {
	h := start(t)
	h.add(t, "ACME", 1)
	secret, id := h.token(t, reads("ACME"))
	caller, _ := h.token(t, tokens.Token{Org: "ACME"})
	b := h.browser(t)
	if answer, text := b.get("/results"); answer.StatusCode != http.StatusOK || !strings.Contains(text, "Link for readers") || strings.Contains(text, "acme-pc") {
		t.Errorf("at the door: %d", answer.StatusCode)
	}
	for name, token := range map[string]string{"of nobody": "nobody~AAAAAAAAAAAAAAAAAAAAAA", "that places calls": caller, "of the responder's own invite": h.Invite().Token, "none": ""} {
		if status := b.enter(token); status != http.StatusUnauthorized && status != http.StatusForbidden {
			t.Errorf("a token %s: %d", name, status)
		}
	}
	answer, _ := b.do(http.MethodPost, "/results/session", secret)
	cookies := answer.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d, cookies %v", answer.StatusCode, cookies)
	}
	c := cookies[0]
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/results" || c.Domain != "" || strings.Contains(c.Value, secret) {
		t.Errorf("the cookie: %s", c)
	}
	answer, text := b.get("/results" + today)
	if answer.StatusCode != http.StatusOK || !strings.Contains(text, "acme-pc-1") {
		t.Errorf("with the session: %d", answer.StatusCode)
	}
	if seen := h.log.String(); !strings.Contains(seen, "by="+id+" org=ACME") || !strings.Contains(seen, "results=1") {
		t.Errorf("the access log: %s", seen)
	}
	for header, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
		if got := answer.Header.Get(header); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", header, got)
		}
	}
	for _, foreign := range regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(foreign[1], "/results") && !strings.HasPrefix(foreign[1], "#") {
			t.Errorf("the page points to %s", foreign[1])
		}
	}
	other := h.browser(t)
	u, _ := url.Parse(h.url + "/results")
	other.client.Jar.SetCookies(u, []*http.Cookie{{Name: c.Name, Value: c.Value[:len(c.Value)-2] + "AA", Path: "/results", Secure: true}})
	if _, text := other.get("/results" + today); strings.Contains(text, "acme-pc") {
		t.Error("a changed cookie reads")
	}
	if _, err := h.tokens.Revoke(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	soon(t, "the session ends with its token", func() bool {
		_, text := b.get("/results" + today)
		return !strings.Contains(text, "acme-pc") && strings.Contains(text, "Link for readers")
	})
	next, _ := h.token(t, reads("ACME"))
	soon(t, "a new token begins one", func() bool { return b.enter(next) == http.StatusNoContent })
	b.get("/results/leave")
	if _, text := b.get("/results" + today); strings.Contains(text, "acme-pc") {
		t.Error("it reads after leaving")
	}
}

// soon waits for what follows from a change of the tokens' file, which is looked at now and
// then.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 200 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("not so: %s", what)
}

// links are the addresses that a page points to.
func links(text string) (list []string) {
	for _, found := range regexp.MustCompile(`href="(/results[^"#]*)`).FindAllStringSubmatch(text, -1) {
		list = append(list, strings.ReplaceAll(found[1], "&amp;", "&"))
	}
	return list
}

// A token of one organisation gets no byte of another's, by any address that the other's
// pages show, with any method, whatever the request names.
func TestAnotherOrganizationSeesNothing(t *testing.T) {
	h := start(t)
	for n := range 7 {
		h.add(t, "ACME", n)
		h.add(t, "Globex", n)
	}
	acme, _ := h.token(t, reads("ACME"))
	globex, _ := h.token(t, reads("Globex"))
	all, _ := h.token(t, reads(""))
	operator, owner, spy := h.browser(t), h.browser(t), h.browser(t)
	for b, token := range map[browser]string{operator: all, owner: globex, spy: acme} {
		if status := b.enter(token); status != http.StatusNoContent {
			t.Fatal(status)
		}
	}
	var routes []string
	for _, b := range []browser{operator, owner} {
		for todo := []string{"/results" + today}; len(todo) > 0 && len(routes) < 300; todo = todo[1:] {
			if slices.Contains(routes, todo[0]) || strings.HasPrefix(todo[0], "/results/leave") {
				continue
			}
			routes = append(routes, todo[0])
			if answer, text := b.get(todo[0]); strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
				todo = append(todo, links(text)...)
			}
		}
	}
	if len(routes) < 30 {
		t.Fatalf("only %d routes were found", len(routes))
	}
	seen := 0
	try := func(method, route string) {
		answer, text := spy.do(method, route, "")
		body := plain(t, []byte(text))
		if found := regexp.MustCompile(`(?i)globex.{0,40}`).FindString(body); found != "" {
			t.Errorf("%s %s: %d shows %q", method, route, answer.StatusCode, found)
		}
		if strings.Contains(body, "acme-pc") {
			seen++
		}
	}
	for _, route := range routes {
		if strings.Contains(strings.ToLower(route), "globex") { // its own words come back in links and notes
			answer, text := spy.get(route)
			if answer.StatusCode == http.StatusOK && !strings.Contains(route, "machine=") && !strings.Contains(route, "location=") || strings.Contains(text, "Globex hall") && !strings.Contains(route, "Globex+hall") {
				t.Errorf("%s: %d", route, answer.StatusCode)
			}
			continue
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
			try(method, route)
		}
	}
	for _, org := range []string{"globex", "GLOBEX", "Globex%00", "*", "_", "..", "ACME&org=Globex"} {
		if _, text := spy.get("/results" + today + "&org=" + org); strings.Contains(text, "globex-pc") {
			t.Errorf("org=%s shows Globex", org)
		}
	}
	if seen < 10 {
		t.Errorf("the spy saw its own results %d times only", seen)
	}
	for _, route := range routes { // nor does anybody without a token
		if answer, text := h.browser(t).get(route); strings.Contains(text, "-pc-") || answer.StatusCode == http.StatusOK && !strings.HasPrefix(route, "/results?") && route != "/results" {
			t.Errorf("%s without a token: %d", route, answer.StatusCode)
		}
	}
}

// plain is a body as text, unpacked if it is an archive.
func plain(t *testing.T, body []byte) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return string(body)
	}
	var b strings.Builder
	for _, f := range archive.File {
		part, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name, ".parquet") {
			for _, row := range tablefile.Rows(t, content) {
				fmt.Fprintln(&b, row...)
			}
		}
		b.Write(content)
	}
	return b.String()
}

// The day by verdict, machine, place and hour; the list by what was chosen; one run.
func TestDay(t *testing.T) {
	h := start(t)
	for n := range 40 {
		h.add(t, "ACME", n)
	}
	secret, _ := h.token(t, reads(""))
	b := h.browser(t)
	b.enter(secret)
	_, text := b.get("/results") // today, by the program's clock
	for _, want := range []string{"Results of 25 November 2026", "<b>40</b>", "acme-pc-4", "ACME hall 2", ">10:00<", "Jitter up (ms)", "Worst machines"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	rows := func(path string) int {
		_, text := b.get(path)
		return strings.Count(text, "<time datetime")
	}
	for path, want := range map[string]int{
		"/results" + today: 40, "/results?day=2026-11-24": 0, "/results" + today + "&verdict=ready": 28, "/results" + today + "&machine=acme-pc-3": 8,
		"/results" + today + "&location=ACME+hall+0&machine=acme-pc-0": 3, "/results" + today + "&hour=0": 4, "/results" + today + "&org=ACME": 40, "/results" + today + "&org=None": 0,
	} {
		if got := rows(path); got != want {
			t.Errorf("%s: %d runs, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/results?day=yesterday", "/results" + today + "&before=x", "/results" + today + "&machine=" + strings.Repeat("x", 501), "/results/download" + today + "&as=pdf"} {
		if answer, _ := b.get(path); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
	i := slices.IndexFunc(links(text), func(l string) bool { return strings.HasPrefix(l, "/results/run?") })
	_, one := b.get(links(text)[i])
	if !strings.Contains(one, `class="report"`) || !strings.Contains(one, "acme-pc-4") {
		t.Error("a run is not shown as its report")
	}
	for _, link := range links(one) {
		if strings.HasPrefix(link, "/results/run.json") {
			answer, raw := b.get(link)
			if got, _, err := report.ReadJSON(strings.NewReader(raw)); err != nil || got.Machine.Hostname != "acme-pc-4" || !strings.Contains(answer.Header.Get("Content-Disposition"), got.RunID) {
				t.Errorf("%s: %v", link, err)
			}
		}
	}
	for _, key := range []string{"", "x", "v1/date=2026-11-25/org=ACME/region=eu/../../../x.json", "index/check"} {
		if answer, _ := b.get("/results/run?key=" + url.QueryEscape(key)); answer.StatusCode != http.StatusNotFound {
			t.Errorf("key %q: %d", key, answer.StatusCode)
		}
	}
}

// All runs of a day are reached, page by page, each once.
func TestOlderRuns(t *testing.T) {
	h := start(t)
	for n := range 83 {
		h.add(t, "ACME", n)
		h.add(t, "Globex", n)
	}
	secret, _ := h.token(t, reads(""))
	b := h.browser(t)
	b.enter(secret)
	seen := map[string]int{}
	pages := 0
	for next := "/results" + today; next != ""; pages++ {
		_, text := b.get(next)
		for _, found := range regexp.MustCompile(`/results/run\?[^"]*`).FindAllString(text, -1) {
			seen[found]++
		}
		next = ""
		for _, link := range links(text) {
			if strings.Contains(link, "before=") {
				next = link
			}
		}
	}
	keys := map[string]bool{}
	for link := range seen {
		u, _ := url.Parse(strings.ReplaceAll(link, "&amp;", "&"))
		keys[u.Query().Get("key")] = true
	}
	if len(keys) != 166 || pages != 2 {
		t.Errorf("%d runs on %d pages", len(keys), pages)
	}
}

// The three downloads have the same runs.
func TestDownloads(t *testing.T) {
	h := start(t)
	for n := range 12 {
		h.add(t, "Łódź & Co", n)
	}
	secret, _ := h.token(t, reads("Łódź & Co"))
	b := h.browser(t)
	b.enter(secret)
	answer, text := b.get("/results/download" + today + "&as=xlsx")
	book, err := excelize.OpenReader(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%d: %v", answer.StatusCode, err)
	}
	rows, err := book.GetRows(workbook.SheetRuns)
	if err != nil || len(rows) != 13 || !strings.Contains(answer.Header.Get("Content-Disposition"), "netready_d---Co_2026-11-25.xlsx") && !strings.Contains(answer.Header.Get("Content-Disposition"), "2026-11-25.xlsx") {
		t.Errorf("the workbook: %d rows, %v, %s", len(rows), err, answer.Header.Get("Content-Disposition"))
	}
	_, text = b.get("/results/download" + today + "&as=csv")
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(lines) != 13 {
		t.Errorf("the CSV: %d lines, %v", len(lines), err)
	}
	_, text = b.get("/results/download" + today + "&as=parquet")
	archive, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if err != nil || len(archive.File) != 2 || archive.File[0].Name != parquet.RunsFile || archive.File[1].Name != parquet.PortsFile {
		t.Errorf("the tables: %v", err)
	}
	if got := strings.Count(plain(t, []byte(text)), "HTTPS"); got < 12 {
		t.Errorf("%d ports", got)
	}
	if answer, _ := b.get("/results/download?day=2026-11-24&as=csv"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a day without runs: %d", answer.StatusCode)
	}
}
