//go:build !windows

package proxy

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A script is not run here: the proxies that it names literally are tried, and the row says
// so.
func TestScriptNamesItsProxies(t *testing.T) {
	t.Parallel()
	const script = `function FindProxyForURL(url, host) { if (isPlainHostName(host)) return "DIRECT";
		if (x) return "PROXY a.example:8080; PROXY a.example:8080"; return 'HTTPS b.example:443; PROXY 10.0.0.1:3128; PROXY d:1; DIRECT'; }`
	served := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { served++; _, _ = w.Write([]byte(script)) }))
	t.Cleanup(s.Close)
	settings := &Settings{platform: platform{source: "gnome", script: s.URL + "/proxy.pac"}, script: func(ctx context.Context, at string, _ *url.URL) ([]string, bool) {
		return literalProxies(fetched(ctx, at)), false
	}}
	for _, to := range []string{"https://api.example.com", "https://login.example.com"} {
		ways := settings.For(t.Context(), address(t, to))
		if want := []string{"http://a.example:8080", "https://b.example:443", "http://10.0.0.1:3128"}; !slices.Equal(names(ways), want) || ways[0].Script == "" {
			t.Errorf("%s: got %v, want %v", to, names(ways), want)
		}
	}
	if served != 1 {
		t.Errorf("the script was fetched %d times", served)
	}
	if by, source := settings.Summary(t.Context(), "api.example.com"); !strings.HasPrefix(by, "by script http") || source != "gnome" {
		t.Errorf("got %q from %q", by, source)
	}
}
