//go:build !windows

package proxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"netready/probe/internal/dial"
)

// mostScript is how much of a script is read: browsers take 1 MB.
const mostScript = 1 << 20

// fetched is a script's text, "" where it cannot be fetched.
func fetched(ctx context.Context, script string) string {
	if !strings.HasPrefix(script, "http://") && !strings.HasPrefix(script, "https://") {
		return "" // a file or a data URL: browsers take none of them either
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, script, nil)
	if err != nil {
		return ""
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return dial.TCP(ctx, nil, address)
		},
	}}
	answer, err := client.Do(r)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostScript))
	if err != nil || answer.StatusCode != http.StatusOK {
		return ""
	}
	return string(text)
}

// runScript does not run the script, which would take an interpreter of
// JavaScript: it lists the proxies that the script names in literals.
func runScript(ctx context.Context, script string, _ *url.URL) (proxies []string, evaluated bool) {
	if script == "" {
		return nil, false
	}
	return literalProxies(fetched(ctx, script)), false
}

// directive is a proxy that a script names in a literal.
var directive = regexp.MustCompile(`\b(PROXY|HTTPS|HTTP)\s+([A-Za-z0-9.\-\[\]:]+:[0-9]{1,5})\b`)

// mostProxies is how many proxies of a script are tried.
const mostProxies = 3

// literalProxies lists the proxies that a script names, without running it.
func literalProxies(script string) []string {
	var all []string
	for _, found := range directive.FindAllStringSubmatch(script, -1) {
		at := found[2]
		if found[1] == "HTTPS" {
			at = "https://" + at
		}
		if !slices.Contains(all, at) && len(all) < mostProxies {
			all = append(all, at)
		}
	}
	return all
}
