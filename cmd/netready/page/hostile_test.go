package page

import (
	"strings"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"

	"netready/probe/invite"
	"netready/probe/regions"
)

// elements are the elements of the page with the names of their attributes, those in its
// template too, as a browser's parser finds them.
func elements(t *testing.T, page string) map[string]bool {
	t.Helper()
	root, err := nethtml.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for n := range root.Descendants() {
		if n.Type != nethtml.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			found[n.Data+" "+a.Key] = true
		}
		found[n.Data] = true
	}
	return found
}

// A list of regions, a settings file and an invite come from elsewhere: what they say
// stays text in the page.
func TestHostileSettingsStayText(t *testing.T) {
	page := func(text string) string {
		_, cfg := quickScript(t)
		cfg.Regions = append(someRegions(), regions.Region{ID: text, Name: text + "2", Continent: text, Country: text, Responders: make([]invite.Invite, 1)})
		cfg.Given = Given{Region: text, Organization: text, Location: text, Duration: 5 * time.Second, Calls: 3, Auto: true, Upload: true, Anonymous: true}
		cfg.Invite, cfg.Version = invite.Invite{Host: text}, text
		_, body := request{method: "GET", path: "/"}.do(t, serve(t, cfg))
		return body
	}
	harmless := elements(t, page("plain"))
	hostile := page(`"><script>alert(1)</script><img src=x onerror=alert(1)>' onmouseover='alert(1)' javascript:alert(1) </template></title>` + "\x00\x01\x1b")
	if n := strings.Count(hostile, "onmouseover"); n < 10 || strings.Contains(hostile, "\x00") {
		t.Errorf("%d hostile texts are printed, want each; and no NUL", n)
	}
	for element := range elements(t, hostile) {
		if !harmless[element] {
			t.Errorf("the page has <%s>", element)
		}
	}
}
