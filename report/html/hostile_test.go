package html_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"

	"netready/probe/facts"
	"netready/report"
	"netready/report/html"
	"netready/thresholds"
)

// hostile leaves text, an attribute in either quotes, a title and a style sheet, and brings
// an element, an event, an address that runs and control characters.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onmouseover='alert(1)' javascript:alert(1) </title></style><svg onload=x>` +
	"{{.}} {%s x %} &lt; \x00\x01\x07\x1b[31m\x7f\u0085\u2028\u202e"

// texts are the strings in a value that can be set, by their places.
func texts(v reflect.Value, place string, found map[string]reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		found[place] = v
	case reflect.Pointer:
		if !v.IsNil() {
			texts(v.Elem(), place, found)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			texts(v.Index(i), fmt.Sprintf("%s[%d]", place, i), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				texts(v.Field(i), place+"."+v.Type().Field(i).Name, found)
			}
		}
	default: // has no text
	}
}

// full gives each list and pointer without a value one, so that every string of a result
// has a place.
func full(v reflect.Value, deep int) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() && deep > 0 {
			v.Set(reflect.New(v.Type().Elem()))
		}
		if !v.IsNil() {
			full(v.Elem(), deep-1)
		}
	case reflect.Slice:
		if v.Len() == 0 && deep > 0 && v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		}
		for i := range v.Len() {
			full(v.Index(i), deep-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				full(v.Field(i), deep)
			}
		}
	default: // is there already
	}
}

func fullResult() facts.Result {
	r := htmlReport().Result
	r.Voice.Timeline = r.Voice.Timeline[11:14]
	full(reflect.ValueOf(&r), 8)
	r.StartedAt = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	return r
}

// allPages are a result in every form.
func allPages(t *testing.T, rep report.Report) map[string]string {
	t.Helper()
	series := report.Series{Runs: []report.SeriesRun{{At: rep.StartedAt, Report: &rep}, {At: rep.StartedAt.Add(time.Hour), Reason: rep.Organization}}}
	out := map[string]string{}
	for name, form := range map[string]func(io.Writer) error{
		"document":   func(w io.Writer) error { return html.Write(w, rep) },
		"comparison": func(w io.Writer) error { return html.Comparison(w, []report.Report{rep, rep}) },
		"series":     func(w io.Writer) error { return html.Series(w, series) },
		"row":        func(w io.Writer) error { return html.Row(w, rep) },
	} {
		var b bytes.Buffer
		if err := form(&b); err != nil {
			t.Fatal(err)
		}
		out[name] = b.String()
	}
	return out
}

// markup are the elements of a page with the names of their attributes, as a browser's
// parser finds them, and how many styles there are.
func markup(t *testing.T, page string) (found map[string]bool, styles int) {
	t.Helper()
	root, err := nethtml.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	found = map[string]bool{}
	for n := range root.Descendants() {
		if n.Type == nethtml.CommentNode {
			found["<!--"] = true
		}
		if n.Type != nethtml.ElementNode {
			continue
		}
		found[n.Data] = true
		if n.Data == "style" {
			styles++
		}
		for _, a := range n.Attr {
			found[n.Data+" "+a.Key] = true
		}
	}
	return found, styles
}

// Whatever stands in a string of a result, in one of them or in all, the page has no element
// and no attribute that it would not have without.
func TestHostileTextsStayText(t *testing.T) {
	limits := thresholds.Default()
	harmless := map[string]map[string]bool{}
	for _, r := range []facts.Result{fullResult(), htmlReport().Result, {}} {
		for name, page := range allPages(t, report.New(r, limits)) {
			if harmless[name] == nil {
				harmless[name] = map[string]bool{}
			}
			found, _ := markup(t, page)
			for m := range found {
				harmless[name][m] = true
			}
		}
	}
	check := func(where string, r facts.Result) (said int) {
		for name, page := range allPages(t, report.New(r, limits)) {
			found, styles := markup(t, page)
			for m := range found {
				if !harmless[name][m] {
					t.Errorf("%s with %s hostile has <%s>", name, where, m)
				}
			}
			if want := strings.Count(page, "<style>"); styles != want || want > 1 {
				t.Errorf("%s with %s hostile: %d styles", name, where, styles)
			}
			if strings.Contains(page, "\x00") {
				t.Errorf("%s with %s hostile has a NUL", name, where)
			}
			said += strings.Count(page, "onmouseover")
		}
		return said
	}
	places := map[string]reflect.Value{}
	r := fullResult()
	texts(reflect.ValueOf(&r).Elem(), "", places)
	said := 0
	for place, field := range places {
		was := field.String()
		field.SetString(hostile)
		if check(place, r) > 0 {
			said++
		}
		field.SetString(was)
	}
	for _, field := range places {
		field.SetString(hostile)
	}
	check("everything", r)
	if len(places) < 100 || said < 20 {
		t.Errorf("%d strings of a result were made hostile and %d of them are printed: this tests too little", len(places), said)
	}
	t.Logf("%d strings, %d of them printed", len(places), said)
}
