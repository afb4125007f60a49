package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"netready/report"
)

// both are a result as its two files.
func both(t *testing.T) (js, txt []byte) {
	t.Helper()
	r := judged((&script{}).result(7, Options{Region: "eu-central-1", Organization: "Colleague Ltd", Location: "Oslo", Duration: 5 * time.Second, Calls: 1}))
	var a, b bytes.Buffer
	if err := report.WriteJSON(&a, r); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteText(&b, r); err != nil {
		t.Fatal(err)
	}
	return a.Bytes(), b.Bytes()
}

func openFile(t *testing.T, s *Server, name string, data []byte) (*http.Response, string) {
	t.Helper()
	return request{method: "POST", path: "/api/open?name=" + url.QueryEscape(name), origin: "SELF", body: string(data)}.do(t, s)
}

// TestColleaguesFile: only results of this machine's folder could be looked at.
func TestColleaguesFile(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	js, txt := both(t)
	for name, data := range map[string][]byte{"a.json": js, "b.txt": txt, "renamed.dat": js, "windows.txt": bytes.ReplaceAll(txt, []byte("\r\n"), []byte("\n"))} {
		resp, body := openFile(t, s, "/home/colleague/"+name, data)
		var got entry
		if err := json.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d: %s", name, resp.StatusCode, body)
		}
		if got.Opened != name || got.Organization != "Colleague Ltd" || got.Host != "FRONTDESK-07" {
			t.Errorf("%s: got %+v", name, got)
		}
		for form, want := range map[string]string{"view": `aria-label="VOIP"`, "html": "Colleague Ltd", "json": `"Colleague Ltd"`, "txt": "ROW FOR THE SPREADSHEET", "row": "Colleague Ltd", "about": `"region_id":"eu-central-1"`} {
			if resp, body := (request{method: "GET", path: "/api/results/" + got.ID + "/" + form}).do(t, s); resp.StatusCode != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s as %s: status %d, want %q in %.80q", name, form, resp.StatusCode, want, body)
			}
		}
	}
	if list := s.opened.list(); len(list) != 4 {
		t.Errorf("%d opened, want 4", len(list))
	}
	for range 2 * compared {
		openFile(t, s, "again.json", js)
	}
	if list := s.opened.list(); len(list) != compared {
		t.Errorf("%d are kept in memory, want %d at most", len(list), compared)
	}
}

// TestWrongFilesAreOneSentence: for any file that is not a result the answer is one
// sentence that says what to do, and nothing is kept.
func TestWrongFilesAreOneSentence(t *testing.T) {
	_, cfg := quickScript(t)
	s := serve(t, cfg)
	js, txt := both(t)
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"empty.txt":       {nil, "it is empty (0 bytes)"},
		"spaces.json":     {[]byte("  \n\t "), "not a result of netready"},
		"photo.png":       {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00"), "not a result of netready"},
		"book.xlsx":       {[]byte("PK\x03\x04\x14\x00"), "workbook or an archive"},
		"page.html":       {[]byte("<!doctype html><title>x</title>"), "not a result of netready"},
		"other.json":      {[]byte(`{"name":"x","version":2}`), "not a result of netready"},
		"list.json":       {append(append([]byte("["), js...), ']'), "several results"},
		"half.json":       {js[:len(js)/2], "cut short"},
		"half.txt":        {txt[:len(txt)/2], "cut short"},
		"verdict.json":    {bytes.Replace(js, []byte(`"verdict": "ready"`), []byte(`"verdict": "fine"`), 1), `"verdict"`},
		"values.json":     {[]byte(`{"schema":1,"run_id":"x","firewall":[` + strings.Repeat("{},", 1<<20) + `{}]}`), "not a result of netready"},
		"large.json":      {bytes.Repeat([]byte(" "), largest+1), "larger than 8 MB"},
		"\u202egnp.json":  {[]byte("x"), "not a result of netready"},
		"a\nb\x1b[2J.txt": {[]byte("x"), "not a result of netready"},
	} {
		resp, body := openFile(t, s, name, test.data)
		var got struct {
			Field string `json:"field"`
			Error string `json:"error"`
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%q: %.200s", name, body)
		}
		if resp.StatusCode != http.StatusBadRequest || got.Field != "open" || !strings.Contains(got.Error, test.want) {
			t.Errorf("%q: status %d, %+v, want %q", name, resp.StatusCode, got, test.want)
		}
		if strings.ContainsAny(got.Error, "\n\x1b\u202e") || len(got.Error) > 300 {
			t.Errorf("%q: not one clean sentence: %q", name, got.Error)
		}
	}
	if n := len(s.opened.list()); n != 0 {
		t.Error(fmt.Sprint(n) + " of them were kept")
	}
}
